# Tests of lib/image.
IMAGE_LIBS = lib/image/libimage.la lib/snapshot/libsnapshot.la lib/base/libbase.la
check_LTLIBRARIES += %D%/librandom.la
tests_image_librandom_la_SOURCES = %D%/random_heap.h %D%/random_heap.c
tests_image_librandom_la_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS)

if HAVE_CMOCKA
IMAGE_TEST_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE $(SAN_CFLAGS) $(CMOCKA_CFLAGS)
image_tests = %D%/faults %D%/heap %D%/memory %D%/truth
check_PROGRAMS += $(image_tests)
TESTS += $(image_tests)
tests_image_faults_SOURCES = %D%/faults.c %D%/heaps.c %D%/heaps.h
tests_image_faults_CFLAGS = $(IMAGE_TEST_CFLAGS)
tests_image_faults_LDFLAGS = -Wl,--wrap=mmap,--wrap=munmap,--wrap=malloc,--wrap=calloc \
	-Wl,--wrap=realloc,--wrap=reallocarray,--wrap=aligned_alloc,--wrap=free,--wrap=pthread_create
tests_image_faults_LDADD = %D%/librandom.la $(IMAGE_LIBS) $(CMOCKA_LIBS)
tests_image_heap_CFLAGS = $(IMAGE_TEST_CFLAGS)
tests_image_heap_LDADD = %D%/librandom.la $(IMAGE_LIBS) $(CMOCKA_LIBS)
tests_image_memory_CFLAGS = $(IMAGE_TEST_CFLAGS)
tests_image_memory_LDADD = $(IMAGE_LIBS) $(CMOCKA_LIBS)
tests_image_truth_SOURCES = %D%/truth.c %D%/process.h %D%/process.c
tests_image_truth_CFLAGS = $(IMAGE_TEST_CFLAGS) \
	-DSHOWN='"$(abs_builddir)/tests/image/shown"' \
	-DSHOWN_LAZY='"$(abs_builddir)/tests/image/.libs/shown_lazy.so"' \
	-DSHOWN_EAGER='"$(abs_builddir)/tests/image/.libs/shown_eager.so"'
tests_image_truth_LDADD = $(IMAGE_LIBS) $(CMOCKA_LIBS)
endif

# The heap of tests/malloc/heaps.
check_PROGRAMS += %D%/agent
TESTS += %D%/agent
tests_image_agent_SOURCES = %D%/agent.c %D%/heaps.c %D%/heaps.h
tests_image_agent_CFLAGS = $(AM_CFLAGS) -D_GNU_SOURCE $(SAN_CFLAGS)
tests_image_agent_LDADD = link/liblink.la $(IMAGE_LIBS)

# What is looked at: a program with a library, which is also loaded under two other names.  The
# build id is known to the test.
check_PROGRAMS += %D%/shown
check_LTLIBRARIES += %D%/libshown.la %D%/shown_lazy.la %D%/shown_eager.la
SHOWN_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden
tests_image_libshown_la_SOURCES = %D%/shown_library.c %D%/shown.h
tests_image_libshown_la_CFLAGS = $(SHOWN_CFLAGS) '-DMODEL="global-dynamic"' -DBEFORE=3
tests_image_libshown_la_LDFLAGS = -avoid-version -shared -rpath $(abs_builddir)/tests/image
tests_image_shown_lazy_la_SOURCES = %D%/shown_library.c %D%/shown.h
tests_image_shown_lazy_la_CFLAGS = $(SHOWN_CFLAGS) '-DMODEL="global-dynamic"' -DBEFORE=5000
tests_image_shown_lazy_la_LDFLAGS = -module -avoid-version -shared -rpath /nowhere
tests_image_shown_eager_la_SOURCES = %D%/shown_library.c %D%/shown.h
tests_image_shown_eager_la_CFLAGS = $(SHOWN_CFLAGS) '-DMODEL="initial-exec"' -DBEFORE=2
tests_image_shown_eager_la_LDFLAGS = -module -avoid-version -shared -rpath /nowhere
tests_image_shown_SOURCES = %D%/shown.c %D%/shown.h
tests_image_shown_CFLAGS = $(AM_CFLAGS) -fPIE
tests_image_shown_LDFLAGS = -no-install -pie -Wl,-z,relro -Wl,-z,now \
	-Wl,--build-id=0x00112233445566778899aabbccddeeff00112233
tests_image_shown_LDADD = %D%/libshown.la -lpthread -ldl

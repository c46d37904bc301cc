/* raw.h -- system calls without libc around them.
 *
 * The frozen child and the signal handler may use nothing that locks, allocates or is a
 * cancellation point: these are plain kernel calls.  Each returns what the kernel does through
 * syscall(2): -1 with errno on failure.
 */
#ifndef GCG_RAW_H
#define GCG_RAW_H

#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <fcntl.h>

/* Descriptors of ours begin here: the program is given the numbers that it would be given without
   us, and does not come by ours when it closes all that it knows of. */
#define RAW_HIGH_DESCRIPTOR 900

/* FD (taken; may be -1) moved up there, or FD where the limit does not allow it. */
static inline int
raw_high (int fd)
{
  int high = fd < 0 ? -1 : (int)syscall (SYS_fcntl, fd, F_DUPFD_CLOEXEC, RAW_HIGH_DESCRIPTOR);
  if (high < 0)
    return fd;
  syscall (SYS_close, fd);
  return high;
}

static inline int
raw_open (const char *path, int flags)
{
  return raw_high ((int)syscall (SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0));
}

static inline long
raw_read (int fd, void *bytes, size_t n)
{
  return syscall (SYS_read, fd, bytes, n);
}

static inline int
raw_close (int fd)
{
  return (int)syscall (SYS_close, fd);
}

static inline void *
raw_map (size_t bytes)
{
  return (void *)syscall (SYS_mmap, NULL, bytes, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0L);
}

/* Shared with clones of this process. */
static inline void *
raw_map_shared (size_t bytes)
{
  return (void *)syscall (SYS_mmap, NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                          -1, 0L);
}

static inline void *
raw_remap (void *old, size_t old_bytes, size_t bytes)
{
  return (void *)syscall (SYS_mremap, old, old_bytes, bytes, MREMAP_MAYMOVE);
}

static inline void
raw_unmap (void *bytes, size_t n)
{
  syscall (SYS_munmap, bytes, n);
}

static inline __attribute__ ((always_inline)) uint64_t
raw_stack_pointer (void)
{
  uint64_t value;
#if defined __x86_64__
  __asm__ volatile("mov %%rsp, %0" : "=r"(value));
#elif defined __aarch64__
  __asm__ volatile("mov %0, sp" : "=r"(value));
#endif
  return value;
}

/* CLOCK_MONOTONIC in ns; the vDSO takes no lock. */
static inline uint64_t
raw_now (clockid_t clock)
{
  struct timespec t;
  clock_gettime (clock, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Between two looks at what another processor is to change. */
static inline void
raw_relax (void)
{
#if defined __x86_64__
  __builtin_ia32_pause ();
#else
  __asm__ volatile("yield");
#endif
}

#endif

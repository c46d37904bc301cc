/* annotated.c -- a program that is annotated for LeakSanitizer by weak references, one annotation
 * for each argument: annotated.test says what is right.  With -DOFF it wants no leaks to be looked
 * for.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WEAK __attribute__ ((weak))
extern void __lsan_disable (void) WEAK;
extern void __lsan_enable (void) WEAK;
extern void __lsan_ignore_object (const void *) WEAK;
extern void __lsan_register_root_region (const void *, size_t) WEAK;
extern void __lsan_unregister_root_region (const void *, size_t) WEAK;
extern void __lsan_do_leak_check (void) WEAK;
extern int __lsan_do_recoverable_leak_check (void) WEAK;

#ifdef OFF
__attribute__ ((used)) int __lsan_is_turned_off (void);
int
__lsan_is_turned_off (void)
{
  return 1;
}
#endif

static void __attribute__ ((noinline)) lose (size_t bytes)
{
  void *volatile block = malloc (bytes);
  memset (block, 'x', bytes);
  block = NULL;
}

static void __attribute__ ((noinline)) clear_stack (void)
{
  char bytes[16384];
  memset (bytes, 0, sizeof bytes);
  __asm__ volatile("" : : "r"(bytes) : "memory");
}

static void __attribute__ ((noinline)) ignore (void)
{
  char *volatile block = malloc (100);
  memset (block, 'x', 100);
  __lsan_ignore_object (block + 10);
  __lsan_ignore_object ("no block");
  block = NULL;
}

/* Pages mapped by a raw system call, which the agent does not see. */
static void __attribute__ ((noinline)) hold (int for_good)
{
  void **pages = (void **)syscall (SYS_mmap, NULL, 8192, PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0L);
  pages[600] = malloc (1337);
  memset (pages[600], 'x', 1337);
  __lsan_register_root_region (pages, 8192);
  if (!for_good)
    __lsan_unregister_root_region (pages, 8192);
}

int
main (int argc, char **argv)
{
  const char *what = argc > 1 ? argv[1] : "";

  if (!__lsan_disable)
    puts ("alone");
  else if (strcmp (what, "disable") == 0)
    {
      __lsan_disable ();
      __lsan_disable ();
      lose (200);
      __lsan_enable ();
      lose (20);
      __lsan_enable ();
      lose (3);
    }
  else if (strcmp (what, "ignore") == 0)
    ignore ();
  else if (strcmp (what, "root") == 0)
    hold (1);
  else if (strcmp (what, "root-no-more") == 0)
    hold (0);
  else if (strcmp (what, "recoverable") == 0)
    {
      printf ("%d\n", __lsan_do_recoverable_leak_check () != 0);
      lose (77);
      clear_stack ();
      printf ("%d\n", __lsan_do_recoverable_leak_check () != 0);
    }
  else if (strcmp (what, "check") == 0)
    {
      lose (100);
      clear_stack ();
      __lsan_do_leak_check ();
      lose (1000);
      clear_stack ();
      __lsan_do_leak_check ();
      puts ("after");
    }
  else
    lose (55);
  clear_stack ();
  return 4;
}

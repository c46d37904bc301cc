/* confined.c -- see confined.h. */
#include "config.h"

#include "link/confined.h"

#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include "agent_root.h"

#define MOMENT_NS 4000000

static off_t
place (uint64_t root, size_t field)
{
  return (off_t)(root + offsetof (struct gcg__agent_root, confined) + field);
}

bool
gcg__confined_look (int memory_fd, uint64_t root, uint64_t *pointer)
{
  struct gcg__agent_root seen;
  nanosleep (&(struct timespec){ .tv_nsec = MOMENT_NS }, NULL);
  if (pread (memory_fd, &seen, sizeof seen, (off_t)root) != (ssize_t)sizeof seen
      || seen.magic != GCG__ROOT_MAGIC || seen.version != GCG__ROOT_VERSION
      || seen.bytes < sizeof seen)
    return false;
  uint32_t watch = seen.confined.watch + 1;
  *pointer = seen.confined.ending_pointer;
  return pwrite (memory_fd, &watch, sizeof watch,
                 place (root, offsetof (struct gcg__root_confined, watch)))
         == (ssize_t)sizeof watch;
}

void
gcg__confined_answer (int memory_fd, uint64_t root)
{
  const uint32_t is_over = 1;
  /* A program that has been killed does not wait any more. */
  (void)!pwrite (memory_fd, &is_over, sizeof is_over,
                 place (root, offsetof (struct gcg__root_confined, is_over)));
}

/* stack.c -- see stack.h.
 *
 * What unwinding reads decides where it goes: the return address, the stack and frame pointers at
 * the start, and the words on the stack that it looks at.  So a memo holds these words with the
 * site that came of it, and is good when all of them are the same.  Where one differs, the way
 * goes on from there to the memo of the stacks that are the same up to this word and have this one
 * in its place: a trie whose edges are a hash table.  A slot belongs to the last comer; what hung
 * on the one before is not found any more and goes in time.  Memos are shared by all threads, whose
 * stacks differ by their addresses; a slot is written under a sequence number that is odd
 * meanwhile.
 *
 * Rules are kept in a table by return address; a slot is taken by compare-and-swap and never given
 * up.  A rule carries bits of the hash of its address, so that one that came late, while
 * everything was being forgotten, is not taken for another's.
 *
 * Rules may be wrong (hand-written code), and a coroutine's stack be gone: no word is read before
 * its page is known to be readable.  The kernel is asked once for each page, and a thread remembers
 * the pages around the last it asked for.
 */
#include "stack.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "lookup.h"
#include "raw.h"
#include "site.h"
#include "unloaded.h"
#include "unwind.h"
#include "unwinder.h"
#include "visible.h"

#define PAGE       UINT64_C (4096)
#define MOST_PAGES 64 /* asked for at a time */

#define RULES      (1u << 18)
#define PROBES     8u
#define MEMOS      4096u
#define MOST_STEPS 16
#define MEMO_WORDS 18u
#define OWN_FRAMES 6 /* between an entry point and here, at most */

struct kept_rule
{
  uint64_t pc, rule;
};

/* Where unwinding stands. */
struct position
{
  uint64_t pc, sp, fp;
};

struct memo
{
  uint32_t sequence; /* odd: being written */
  uint32_t generation, site;
  uint32_t id, parent; /* parent 0: the first where the stack begins like this */
  uint32_t most_offset;
  uint8_t branch; /* the word that is not as the parent has it */
  uint8_t n_words;
  bool uses_fp; /* what the frame pointer was mattered */
  struct position from;
  uint32_t offsets[MEMO_WORDS]; /* from the stack pointer */
  uint64_t words[MEMO_WORDS];
};

/* The place of a memo among the others. */
struct place
{
  struct memo *memo;
  uint32_t parent;
  uint32_t branch;
};

/* The words that were read; n is larger than MEMO_WORDS when there were too many. */
struct trail
{
  uint32_t n;
  bool uses_fp;
  uint32_t offsets[MEMO_WORDS];
  uint64_t words[MEMO_WORDS];
};

static unsigned depth, every = 1;
static _Thread_local unsigned until_next; /* allocations without a stack */
static struct kept_rule *rules;
static struct memo *memos;
static uint32_t generation;
static _Thread_local struct
{
  uint64_t low, high;
} readable;

void
gcg__stack_load (unsigned wanted)
{
  if (wanted)
    gcg__unwinder_load ();
}

void
gcg__stack_init (unsigned wanted)
{
  depth = wanted < GCG__MOST_FRAMES ? wanted : GCG__MOST_FRAMES;
  if (!depth)
    return;
  rules = raw_map (RULES * sizeof *rules);
  memos = raw_map (MEMOS * sizeof *memos);
  if (rules == MAP_FAILED || memos == MAP_FAILED)
    {
      depth = 0;
      return;
    }
  gcg__unwinder_init ();
}

void
gcg__stack_sample (unsigned wanted)
{
  every = wanted ? wanted : 1;
}

void
gcg__stack_forget (void)
{
  if (!depth)
    return;
  __atomic_add_fetch (&generation, 1, __ATOMIC_RELEASE);
  syscall (SYS_madvise, rules, RULES * sizeof *rules, MADV_DONTNEED);
}

void
gcg__stack_set_depth (unsigned wanted)
{
  depth = wanted < GCG__MOST_FRAMES ? wanted : GCG__MOST_FRAMES;
  gcg__stack_forget (); /* the sites that are remembered have the old depth */
}

/* Wraps the C library's dlclose, after which addresses may belong to another module; unloaded
   modules keep their names.  The C library's internal unloading (character sets, name services)
   does not pass here: at worst a stack is wrong then. */
GCG__BEHIND (dlclose);
API int
dlclose (void *handle)
{
  struct gcg__loaded loaded;
  gcg__unloaded_before (&loaded);
  int status = BEHIND (dlclose) (handle);
  gcg__unloaded_after (&loaded);
  gcg__stack_forget ();
  return status;
}

/* --- what may be read --- */

/* Whether the page of ADDRESS can be read: the kernel fetches the mask before it finds that there
   is no such thing to do with it. */
static bool
page_is_readable (uint64_t address)
{
  int old_errno = errno;
  bool good
      = syscall (SYS_rt_sigprocmask, ~0, address & ~(PAGE - 1), NULL, 8) == -1 && errno == EINVAL;
  errno = old_errno;
  return good;
}

static bool __attribute__ ((noinline)) find_readable (uint64_t address)
{
  uint64_t page = address & ~(PAGE - 1), low = readable.low, high = readable.high;

  if (page < high || page > high + MOST_PAGES * PAGE)
    low = high = page;
  while (high <= page)
    {
      if (!page_is_readable (high))
        return false;
      high += PAGE;
    }
  readable.low = low;
  readable.high = high;
  return true;
}

/* Whether the word at ADDRESS can be read. */
static inline bool
can_read (uint64_t address)
{
  if (__builtin_expect (address >= readable.low && address + 8 <= readable.high, 1))
    return true;
  return address % 8 == 0 && find_readable (address);
}

/* --- rules --- */

static inline uint64_t
hash_of (uint64_t pc)
{
  return pc * UINT64_C (0x9e3779b97f4a7c15);
}

static uint64_t __attribute__ ((noinline)) find_rule (uint64_t pc, uint64_t hash)
{
  uint64_t rule = gcg__unwind_rule (pc);
  for (uint32_t i = 0; i < PROBES; i++)
    {
      struct kept_rule *slot = &rules[((hash >> 46) + i) % RULES];
      uint64_t there = __atomic_load_n (&slot->pc, __ATOMIC_RELAXED);
      if (there == 0
          && __atomic_compare_exchange_n (&slot->pc, &there, pc, false, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED))
        there = pc;
      if (there != pc)
        continue;
      __atomic_store_n (&slot->rule, rule | hash << GCG__UNWIND_BITS, __ATOMIC_RELAXED);
      break;
    }
  return rule;
}

static inline uint64_t
rule_at (uint64_t pc)
{
  uint64_t hash = hash_of (pc);
  for (uint32_t i = 0; i < PROBES; i++)
    {
      const struct kept_rule *slot = &rules[((hash >> 46) + i) % RULES];
      uint64_t there = __atomic_load_n (&slot->pc, __ATOMIC_RELAXED);
      uint64_t rule = __atomic_load_n (&slot->rule, __ATOMIC_RELAXED);
      if (there == pc && rule != 0 && (rule ^ hash << GCG__UNWIND_BITS) >> GCG__UNWIND_BITS == 0)
        return rule;
      if (there == 0 || there == pc)
        break;
    }
  return find_rule (pc, hash);
}

/* --- unwinding --- */

/* The word at ADDRESS, which is noted in TRAIL; false: it cannot be read. */
static inline bool
read_word (uint64_t address, uint64_t start, struct trail *trail, uint64_t *word)
{
  if (!can_read (address))
    return false;
  *word = *(const uint64_t *)(uintptr_t)address;
  if (trail->n < MEMO_WORDS && address - start <= UINT32_MAX)
    {
      trail->offsets[trail->n] = (uint32_t)(address - start);
      trail->words[trail->n++] = *word;
    }
  else
    trail->n = MEMO_WORDS + 1;
  return true;
}

/* The frame pointer of where unwinding stands: in the register still, or saved at SAVED.  It is
   looked at only when a rule needs it: compiled code keeps anything in that register. */
struct frame_pointer
{
  uint64_t value, saved;
};

static inline bool
need_fp (struct frame_pointer *fp, uint64_t start, struct trail *trail)
{
  if (fp->saved == 0)
    {
      trail->uses_fp = true;
      return true;
    }
  return read_word (fp->saved, start, trail, &fp->value);
}

/* Where the frame at AT ends, by RULE; 0: not to be found. */
static inline uint64_t
end_of (uint64_t rule, uint64_t sp, struct frame_pointer *fp, uint64_t start, struct trail *trail)
{
  enum gcg__unwind_kind kind = gcg__unwind_kind (rule);
  uint64_t end;

  if (kind == GCG__UNWIND_BY_SP)
    return sp + (uint64_t)gcg__unwind_end (rule);
  if (kind == GCG__UNWIND_UNKNOWN || !need_fp (fp, start, trail))
    return 0;
  end = fp->value + (uint64_t)gcg__unwind_end (rule);
  if (kind == GCG__UNWIND_BY_WORD && !read_word (end, start, trail, &end))
    return 0;
  return end;
}

/* Return addresses from AT on into FRAMES; returns how many, 0 when the other unwinder must be
   asked. */
static uint32_t
unwind (struct position at, uint64_t *frames, struct trail *trail)
{
  const uint64_t start = at.sp;
  struct frame_pointer fp = { at.fp, 0 };
  uint32_t n = 0;

  for (;;)
    {
      uint64_t rule, end;
      frames[n++] = at.pc;
      rule = n < depth ? rule_at (at.pc) : 0;
      if (n == depth || gcg__unwind_kind (rule) == GCG__UNWIND_OUTERMOST)
        return n;
      end = end_of (rule, at.sp, &fp, start, trail);
      if (end == 0 || end <= at.sp || !read_word (end - 8, start, trail, &at.pc))
        return 0;
      if (at.pc == 0)
        return n;
      if (gcg__unwind_saved (rule) == GCG__UNWIND_AT_END)
        fp.saved = end + (uint64_t)gcg__unwind_saved_at (rule);
      else if (gcg__unwind_saved (rule) == GCG__UNWIND_AT_FP)
        {
          if (!need_fp (&fp, start, trail))
            return 0;
          fp.saved = fp.value + (uint64_t)gcg__unwind_saved_at (rule);
        }
      at.sp = end;
    }
}

/* --- memos --- */

static inline struct memo *
memo_at (uint64_t hash)
{
  return &memos[hash >> 40 & (MEMOS - 1)];
}

/* Goes from AT, a first memo's place, to the one whose words are those on the stack.  Returns its
   site; 0: there is none, and *AT is where it should be. */
static inline uint32_t
recall (struct place *at, const struct position *from)
{
  uint32_t now = __atomic_load_n (&generation, __ATOMIC_RELAXED);

  for (int steps = 0; steps < MOST_STEPS; steps++)
    {
      const struct memo *memo = at->memo;
      uint32_t sequence = __atomic_load_n (&memo->sequence, __ATOMIC_ACQUIRE);
      uint32_t i = at->branch, n = memo->n_words, id = memo->id, site = memo->site;
      uint64_t word = 0;

      if (memo->from.pc != from->pc || memo->from.sp != from->sp || memo->parent != at->parent
          || memo->branch != at->branch || memo->generation != now || sequence % 2 != 0
          || n > MEMO_WORDS || from->sp < readable.low
          || from->sp + memo->most_offset + 8 > readable.high
          || (memo->uses_fp && memo->from.fp != from->fp))
        return 0;
      for (; i < n; i++)
        {
          word = *(const uint64_t *)(uintptr_t)(from->sp + memo->offsets[i]);
          if (word != memo->words[i])
            break;
        }
      __atomic_thread_fence (__ATOMIC_ACQUIRE);
      if (__atomic_load_n (&memo->sequence, __ATOMIC_RELAXED) != sequence)
        return 0;
      if (i == n)
        return site;
      if (i == at->branch && at->parent)
        return 0; /* the place is another's by chance */
      *at = (struct place){ memo_at (hash_of (word ^ (uint64_t)id << 32 ^ i)), id, i };
    }
  return 0;
}

static void
remember (const struct place *at, const struct position *from, const struct trail *trail,
          uint32_t site, uint32_t now)
{
  static uint32_t last_id;
  struct memo *memo = at->memo;
  uint32_t sequence = __atomic_load_n (&memo->sequence, __ATOMIC_RELAXED);
  uint32_t most = 0;

  if (trail->n > MEMO_WORDS || sequence % 2 != 0
      || !__atomic_compare_exchange_n (&memo->sequence, &sequence, sequence + 1, false,
                                       __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
    return;
  __atomic_thread_fence (__ATOMIC_RELEASE);
  memo->generation = now;
  memo->site = site;
  memo->id = __atomic_add_fetch (&last_id, 1, __ATOMIC_RELAXED);
  memo->parent = at->parent;
  memo->branch = (uint8_t)at->branch;
  memo->n_words = (uint8_t)trail->n;
  memo->uses_fp = trail->uses_fp;
  memo->from = *from;
  for (uint32_t i = 0; i < trail->n; i++)
    {
      memo->offsets[i] = trail->offsets[i];
      memo->words[i] = trail->words[i];
      most = trail->offsets[i] > most ? trail->offsets[i] : most;
    }
  memo->most_offset = most;
  __atomic_store_n (&memo->sequence, sequence + 2, __ATOMIC_RELEASE);
}

/* The frame of ours that returns to CALLER: there stand the caller's frame pointer and the return
   address.  NULL: there is none. */
static inline void *const *
own_frame (const void *caller)
{
  void *const *frame = __builtin_frame_address (0);
  for (int i = 0; i < OWN_FRAMES; i++, frame = *frame)
    if (frame[1] == caller)
      return frame;
  return NULL;
}

/* The site of the N return addresses FRAMES. */
static inline uint32_t
site_of (uint64_t *frames, uint32_t n)
{
  gcg__unloaded_place (frames, n);
  return gcg__site_of_stack (frames, n);
}

static uint32_t __attribute__ ((noinline))
look (const struct place *at, const struct position *from, void *caller)
{
  uint64_t frames[GCG__MOST_FRAMES];
  struct trail trail;
  uint32_t now = __atomic_load_n (&generation, __ATOMIC_ACQUIRE), site, n;

  trail.n = 0;
  trail.uses_fp = false;
  n = unwind (*from, frames, &trail);
  if (!n)
    return site_of (frames, gcg__unwinder_frames (caller, frames, depth));
  site = site_of (frames, n);
  if (site)
    remember (at, from, &trail, site, now);
  return site;
}

/* Is this allocation's stack to be taken? */
static inline bool
is_due (void)
{
  if (__builtin_expect (every == 1, 1))
    return true;
  if (until_next-- > 0)
    return false;
  until_next = every - 1;
  return true;
}

uint32_t
gcg__stack_site (void *caller)
{
  void *const *frame = depth && is_due () ? own_frame (caller) : NULL;
  uint64_t alone = (uintptr_t)caller;

  if (!frame)
    return site_of (&alone, 1);
  struct position from = { alone, (uintptr_t)(frame + 2), (uintptr_t)frame[0] };
  struct place at = { memo_at (hash_of (from.pc ^ from.sp << 20)), 0, 0 };
  uint32_t site = recall (&at, &from);
  return site ? site : look (&at, &from, caller);
}

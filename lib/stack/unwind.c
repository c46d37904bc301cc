/* unwind.c -- see unwind.h.
 *
 * The index of a module is a sorted table of first addresses, searched by halves.  What it leads to
 * is a program of call frame instructions, of which only three registers matter: the stack pointer,
 * the frame pointer, and the return address.  No allocation, no lock: _dl_find_object takes none.
 * Tables are the modules' own and are trusted, as exceptions trust them.
 */
#include "unwind.h"

#include <dlfcn.h>
#include <features.h>
#include <stddef.h>
#include <string.h>

#if defined __x86_64__ && __GLIBC_PREREQ(2, 35)

/* Numbers of registers in the tables. */
#define FP     6u
#define SP     7u
#define RETURN 16u

#define MOST_REMEMBERED 8
#define MOST_END        ((int64_t)1 << 24)
#define MOST_SAVED      ((int64_t)1 << 19)

/* How addresses are written (DW_EH_PE). */
#define AS_OMITTED        0xff
#define AS_PCREL_SDATA4   0x1b
#define AS_DATAREL_SDATA4 0x3b
#define AS_UDATA4         0x03

struct state
{
  enum gcg__unwind_kind kind;
  int64_t end;
  uint64_t end_register;
  enum gcg__unwind_saved saved;
  int64_t saved_at;
  bool strange;   /* something that no rule can say */
  bool outermost; /* the return address is undefined */
};

struct program
{
  const uint8_t *at, *end;
};

/* A frame description and what it shares with others. */
struct frame
{
  uint64_t low, high;
  uint64_t code_factor;
  int64_t data_factor;
  struct program common, own;
  bool strange;
};

static uint64_t
read_fixed (struct program *p, unsigned bytes)
{
  uint64_t value = 0;
  memcpy (&value, p->at, bytes);
  p->at += bytes;
  return value;
}

/* LEB128; *SHIFT: the bits that have been read, the sign's the last. */
static uint64_t
read_leb (struct program *p, unsigned *shift)
{
  uint64_t value = 0;
  uint8_t byte;
  *shift = 0;
  do
    {
      byte = *p->at++;
      if (*shift < 64)
        value |= (uint64_t)(byte & 127) << *shift;
      *shift += 7;
    }
  while (byte & 128);
  return value;
}

static uint64_t
read_uleb (struct program *p)
{
  unsigned shift;
  return read_leb (p, &shift);
}

static int64_t
read_sleb (struct program *p)
{
  unsigned shift;
  uint64_t value = read_leb (p, &shift);
  if (shift < 64 && value >> (shift - 1) & 1)
    value |= ~UINT64_C (0) << shift;
  return (int64_t)value;
}

/* --- instructions --- */

/* Register NUMBER is saved at the frame's end + OFFSET. */
static void
note_saved (struct state *state, uint64_t number, int64_t offset)
{
  if (number == FP)
    {
      state->saved = GCG__UNWIND_AT_END;
      state->saved_at = offset;
    }
  else if (number == RETURN)
    {
      state->strange |= offset != -8;
      state->outermost = false;
    }
  else if (number == SP)
    state->strange = true;
}

/* Register NUMBER is somewhere else. */
static void
note_strange (struct state *state, uint64_t number)
{
  if (number == FP || number == RETURN || number == SP)
    state->strange = true;
}

static void
note_end (struct state *state, uint64_t number, int64_t offset)
{
  state->kind = number == SP   ? GCG__UNWIND_BY_SP
                : number == FP ? GCG__UNWIND_BY_FP
                               : GCG__UNWIND_UNKNOWN;
  state->end = offset;
}

/* An expression: functions that align their stack save the frame pointer where it points itself,
   and say that the end stands in a word beside it. */
static void
read_expression (struct program *p, struct state *state, uint64_t number, bool is_end)
{
  uint64_t bytes = read_uleb (p);
  struct program inner = { p->at, p->at + bytes };
  p->at += bytes;
  bool by_fp = bytes >= 2 && *inner.at++ == 0x70 + FP; /* DW_OP_breg6 */
  int64_t offset = by_fp ? read_sleb (&inner) : 0;
  if (is_end)
    {
      by_fp = by_fp && inner.at + 1 == inner.end && *inner.at == 0x06; /* DW_OP_deref */
      state->kind = by_fp ? GCG__UNWIND_BY_WORD : GCG__UNWIND_UNKNOWN;
      state->end = offset;
    }
  else if (number == FP && by_fp && inner.at == inner.end)
    {
      state->saved = GCG__UNWIND_AT_FP;
      state->saved_at = offset;
    }
  else
    note_strange (state, number);
}

/* Register NUMBER is again as FIRST has it. */
static void
restore (struct state *state, const struct state *first, uint64_t number)
{
  if (number == FP)
    {
      state->saved = first->saved;
      state->saved_at = first->saved_at;
    }
  else if (number == RETURN)
    state->outermost = first->outermost;
}

/* Instructions without an operand in their first byte, that are not about locations. */
static void
execute_long (uint8_t code, struct program *p, const struct frame *frame, struct state *state,
              const struct state *first)
{
  uint64_t number = 0;
  if (code == 0x2d || code == 0x0a || code == 0x0b || code == 0)
    return;
  if (code != 0x0e && code != 0x13 && code != 0x0f)
    number = read_uleb (p);
  switch (code)
    {
    case 0x05: /* offset_extended */
      note_saved (state, number, (int64_t)read_uleb (p) * frame->data_factor);
      break;
    case 0x11: /* offset_extended_sf */
      note_saved (state, number, read_sleb (p) * frame->data_factor);
      break;
    case 0x06: /* restore_extended */
      restore (state, first, number);
      break;
    case 0x07: /* undefined */
      state->outermost |= number == RETURN;
      break;
    case 0x08: /* same_value */
      if (number == FP)
        state->saved = GCG__UNWIND_KEPT;
      break;
    case 0x0c: /* def_cfa */
      state->end_register = number;
      note_end (state, number, (int64_t)read_uleb (p));
      break;
    case 0x12: /* def_cfa_sf */
      state->end_register = number;
      note_end (state, number, read_sleb (p) * frame->data_factor);
      break;
    case 0x0d: /* def_cfa_register */
      state->end_register = number;
      note_end (state, number, state->end);
      break;
    case 0x0e: /* def_cfa_offset */
      note_end (state, state->end_register, (int64_t)read_uleb (p));
      break;
    case 0x13: /* def_cfa_offset_sf */
      note_end (state, state->end_register, read_sleb (p) * frame->data_factor);
      break;
    case 0x0f: /* def_cfa_expression */
      read_expression (p, state, 0, true);
      break;
    case 0x10: /* expression */
      read_expression (p, state, number, false);
      break;
    case 0x2e: /* GNU_args_size: that was it */
      break;
    default: /* register, val_offset, val_expression, and what is not known here */
      state->strange = true;
      p->at = p->end;
    }
}

/* Executes PROGRAM up to what holds at PC; LOCATION is where it begins. */
static void
execute (struct program program, const struct frame *frame, uint64_t location, uint64_t pc,
         struct state *state, const struct state *first)
{
  struct state remembered[MOST_REMEMBERED];
  unsigned n_remembered = 0;
  while (program.at < program.end)
    {
      uint8_t code = *program.at++;
      uint8_t low = code & 63;
      uint64_t step = 0;
      if (code >> 6 == 1)
        step = low * frame->code_factor;
      else if (code >> 6 == 2)
        note_saved (state, low, (int64_t)read_uleb (&program) * frame->data_factor);
      else if (code >> 6 == 3)
        restore (state, first, low);
      else if (code >= 2 && code <= 4) /* advance_loc1, 2, 4 */
        step = read_fixed (&program, 1u << (code - 2)) * frame->code_factor;
      else if (code == 1) /* set_loc */
        {
          state->strange = true;
          return;
        }
      else if (code == 0x0a && n_remembered < MOST_REMEMBERED)
        remembered[n_remembered++] = *state;
      else if (code == 0x0b && n_remembered > 0)
        *state = remembered[--n_remembered];
      else
        {
          state->strange |= code == 0x0a || code == 0x0b;
          execute_long (code, &program, frame, state, first);
        }
      location += step;
      if (location > pc)
        return;
    }
}

/* --- finding --- */

/* Reads what FRAME shares with others, at COMMON. */
static bool
read_common (const uint8_t *common, struct frame *frame)
{
  struct program p = { common, NULL };
  uint32_t bytes = (uint32_t)read_fixed (&p, 4);
  uint64_t more = 0;
  p.end = p.at + bytes;
  if (bytes == UINT32_MAX || read_fixed (&p, 4) != 0)
    return false;
  uint8_t version = (uint8_t)read_fixed (&p, 1);
  const char *augmentation = (const char *)p.at;
  p.at += strlen (augmentation) + 1;
  frame->code_factor = read_uleb (&p);
  frame->data_factor = read_sleb (&p);
  uint64_t number = version == 1 ? read_fixed (&p, 1) : read_uleb (&p);
  if ((version != 1 && version != 3) || augmentation[0] != 'z' || number != RETURN)
    return false;
  more = read_uleb (&p);
  struct program data = { p.at, p.at + more };
  p.at += more;
  for (const char *letter = augmentation + 1; *letter; letter++)
    switch (*letter)
      {
      case 'R':
        if (read_fixed (&data, 1) != AS_PCREL_SDATA4)
          return false;
        break;
      case 'L':
        read_fixed (&data, 1);
        break;
      case 'P':
        {
          uint8_t as = (uint8_t)read_fixed (&data, 1);
          if ((as & 7) != 3 && (as & 7) != 4 && (as & 15) != 0)
            return false;
          data.at += (as & 7) == 3 ? 4 : 8;
          break;
        }
      default: /* S, a signal's frame; B is aarch64's */
        return false;
      }
  frame->common = p;
  return true;
}

/* Reads the description at OWN. */
static bool
read_frame (const uint8_t *own, struct frame *frame)
{
  struct program p = { own, NULL };
  uint32_t bytes = (uint32_t)read_fixed (&p, 4);
  p.end = p.at + bytes;
  if (bytes == UINT32_MAX)
    return false;
  const uint8_t *here = p.at;
  if (!read_common (here - (uint32_t)read_fixed (&p, 4), frame))
    return false;
  here = p.at;
  frame->low = (uint64_t)(uintptr_t)here + (uint64_t)(int64_t)(int32_t)read_fixed (&p, 4);
  frame->high = frame->low + (uint32_t)read_fixed (&p, 4);
  bytes = (uint32_t)read_uleb (&p);
  p.at += bytes;
  frame->own = p;
  return true;
}

/* The description of the code at PC; NULL: there is none. */
static const uint8_t *
find_frame (uint64_t pc)
{
  struct dl_find_object object;
  struct program p;
  const int32_t *table;
  uint64_t n, low = 0;

  if (_dl_find_object ((void *)(uintptr_t)pc, &object) != 0 || !object.dlfo_eh_frame)
    return NULL;
  const uint8_t *index = object.dlfo_eh_frame;
  if (index[0] != 1 || index[1] == AS_OMITTED || (index[1] & 7) != 3 || index[2] != AS_UDATA4
      || index[3] != AS_DATAREL_SDATA4)
    return NULL;
  p.at = index + 8;
  n = read_fixed (&p, 4);
  table = (const int32_t *)(const void *)p.at;
  int64_t wanted = (int64_t)(pc - (uint64_t)(uintptr_t)index);
  while (n > 1)
    {
      uint64_t half = n / 2;
      if (table[2 * (low + half)] <= wanted)
        {
          low += half;
          n -= half;
        }
      else
        n = half;
    }
  return n == 1 && table[2 * low] <= wanted ? index + table[2 * low + 1] : NULL;
}

uint64_t
gcg__unwind_rule (uint64_t pc)
{
  const uint64_t unknown = gcg__unwind_pack (GCG__UNWIND_UNKNOWN, 0, GCG__UNWIND_KEPT, 0);
  struct frame frame = { 0 };
  struct state state = { .kind = GCG__UNWIND_UNKNOWN }, first;
  const uint8_t *own = find_frame (--pc); /* the call, not what follows it */

  if (!own || !read_frame (own, &frame) || pc < frame.low || pc >= frame.high)
    return unknown;
  execute (frame.common, &frame, 0, 0, &state, &state);
  first = state;
  execute (frame.own, &frame, frame.low, pc, &state, &first);
  if (state.outermost)
    return gcg__unwind_pack (GCG__UNWIND_OUTERMOST, 0, GCG__UNWIND_KEPT, 0);
  if (state.strange || state.end >= MOST_END || state.end < -MOST_END
      || state.saved_at >= MOST_SAVED || state.saved_at < -MOST_SAVED)
    return unknown;
  return gcg__unwind_pack (state.kind, state.end, state.saved, state.saved_at);
}

#else

uint64_t
gcg__unwind_rule (uint64_t pc)
{
  (void)pc;
  return gcg__unwind_pack (GCG__UNWIND_UNKNOWN, 0, GCG__UNWIND_KEPT, 0);
}

#endif

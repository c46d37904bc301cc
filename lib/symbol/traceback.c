/* traceback.c -- the calls of a thread, unwound from a snapshot.
 *
 * libdwfl unwinds any process that a caller describes to it: here the registers and stack words
 * stand in the snapshot, and the call frame information in the files that were mapped.  One session
 * holds all modules at their run-time addresses; files that are not the ones that were mapped are
 * left out, so the unwinding ends at them.  Words outside the copied stacks cannot be read, which
 * also ends it.  Stack pointers must ascend, so a damaged snapshot cannot make it go in circles.
 */
#include "config.h"

#include "symbol/internal.h"

/* System V ABI for x86-64, figure 3.36; AAPCS64 DWARF, table 4. */
#if defined __x86_64__
#define STACK_POINTER 7u
#define N_REGISTERS   17u
#elif defined __aarch64__
#define STACK_POINTER 31u
#define N_REGISTERS   32u
#endif

/* What libdwfl's callbacks work on. */
struct unwinding
{
  struct gcg__symbols *symbols;
  uint32_t thread;
  struct gcg__call *calls;
  uint32_t n, most;
};

static pid_t
next_thread (Dwfl *dwfl, void *argument, void **thread_argument)
{
  (void)dwfl, (void)argument, (void)thread_argument;
  return 0;
}

/* Any one: which thread is meant stands in the argument. */
static bool
get_thread (Dwfl *dwfl, pid_t tid, void *argument, void **thread_argument)
{
  (void)dwfl, (void)tid;
  *thread_argument = argument;
  return true;
}

static bool
read_memory (Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *word, void *argument)
{
  const struct unwinding *unwinding = *(struct unwinding **)argument;
  (void)dwfl;
  return gcg__snapshot_stack_word (unwinding->symbols->snapshot, unwinding->thread, address, word);
}

static bool
set_registers (Dwfl_Thread *thread, void *argument)
{
  const struct unwinding *unwinding = *(struct unwinding **)argument;
  const struct gcg__thread *t = &unwinding->symbols->snapshot->threads[unwinding->thread];
  Dwarf_Word registers[N_REGISTERS];
  for (uint32_t i = 0; i < N_REGISTERS; i++)
    registers[i] = t->registers[i];
  registers[STACK_POINTER] = t->sp;
  if (!dwfl_thread_state_registers (thread, 0, N_REGISTERS, registers))
    return false;
  dwfl_thread_state_register_pc (thread, t->pc);
  return true;
}

/* Registers that libdw is wrong about in CALL, which has called INNER.  Where the call frame
   information is silent about a register that the ABI says is kept, its value is as in INNER; of
   x86-64's, libdw 0.188 takes rax (0) for one of these and rbx (3) for none. */
static void
correct_registers (struct gcg__call *call, const struct gcg__call *inner)
{
#if defined __x86_64__
  call->known &= ~1u;
  if (!(call->known & 1u << 3) && inner->known & 1u << 3)
    {
      call->registers[3] = inner->registers[3];
      call->known |= 1u << 3;
    }
#else
  (void)call, (void)inner;
#endif
}

static int
take_call (Dwfl_Frame *frame, void *argument)
{
  struct unwinding *unwinding = argument;
  struct gcg__call call = { 0 };
  bool exact;
  if (unwinding->n == unwinding->most || !dwfl_frame_pc (frame, &call.pc, &exact))
    return DWARF_CB_ABORT;
  call.return_address = !exact;
  for (uint32_t i = 0; i < N_REGISTERS; i++)
    {
      Dwarf_Word value;
      if (dwfl_frame_reg (frame, i, &value) == 0)
        {
          call.registers[i] = value;
          call.known |= 1u << i;
        }
    }
  call.low = call.registers[STACK_POINTER];
  if (!(call.known & 1u << STACK_POINTER)
      || (unwinding->n > 0 && call.low <= unwinding->calls[unwinding->n - 1].low))
    return DWARF_CB_ABORT;
  if (unwinding->n > 0)
    {
      correct_registers (&call, &unwinding->calls[unwinding->n - 1]);
      unwinding->calls[unwinding->n - 1].high = call.low;
    }
  call.high = call.low;
  unwinding->calls[unwinding->n++] = call;
  return DWARF_CB_OK;
}

/* What libdwfl is given as its argument: where the unwinding of the moment is. */
static struct unwinding **
current (struct gcg__symbols *symbols)
{
  return &symbols->unwinding;
}

static bool
report_modules (struct gcg__symbols *symbols, Dwfl *dwfl)
{
  dwfl_report_begin (dwfl);
  for (uint32_t i = 0; i < symbols->n_images; i++)
    {
      struct gcg__image *image = &symbols->images[i];
      const char *path;
      if (!gcg__image_open_elf (symbols, image))
        continue;
      dwfl_module_info (image->dwfl_module, NULL, NULL, NULL, NULL, NULL, &path, NULL);
      if (path != NULL)
        dwfl_report_elf (dwfl, image->name, path, -1, image->module->base, true);
    }
  return dwfl_report_end (dwfl, NULL, NULL) == 0;
}

/* The session with all modules, made on the first call; NULL when there cannot be one. */
static Dwfl *
unwinder (struct gcg__symbols *symbols)
{
  static const Dwfl_Thread_Callbacks callbacks = { .next_thread = next_thread,
                                                   .get_thread = get_thread,
                                                   .memory_read = read_memory,
                                                   .set_initial_registers = set_registers };
  if (symbols->unwinder_tried)
    return symbols->unwinder;
  symbols->unwinder_tried = true;
  Dwfl *dwfl = dwfl_begin (&symbols->callbacks);
  if (dwfl == NULL)
    return NULL;
  if (!report_modules (symbols, dwfl)
      || !dwfl_attach_state (dwfl, NULL, 1, &callbacks, current (symbols)))
    {
      dwfl_end (dwfl);
      return NULL;
    }
  symbols->unwinder = dwfl;
  return dwfl;
}

uint32_t
gcg__symbols_calls (struct gcg__symbols *symbols, uint32_t thread, struct gcg__call *calls,
                    uint32_t most)
{
  struct unwinding unwinding
      = { .symbols = symbols, .thread = thread, .calls = calls, .most = most };
  const struct gcg__thread *t = &symbols->snapshot->threads[thread];
  if (t->pc == 0 || most == 0)
    return 0;
  pthread_mutex_lock (&symbols->lock);
  Dwfl *dwfl = unwinder (symbols);
  if (dwfl != NULL)
    {
      symbols->unwinding = &unwinding;
      dwfl_getthread_frames (dwfl, 1, take_call, &unwinding);
      symbols->unwinding = NULL;
    }
  pthread_mutex_unlock (&symbols->lock);
  if (unwinding.n > 0)
    return unwinding.n;
  /* The registers alone are one call. */
  calls[0] = (struct gcg__call){ .pc = t->pc, .low = t->sp, .high = t->sp };
  return 1;
}

void
gcg__traceback_fini (struct gcg__symbols *symbols)
{
  if (symbols->unwinder != NULL)
    dwfl_end (symbols->unwinder);
}

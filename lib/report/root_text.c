/* root_text.c -- see root_text.h. */
#include <config.h>

#include "report/root_text.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

#include "report/words.h"

/* DWARF numbers, System V ABI for x86-64, figure 3.36. */
static const char *const x86_64_registers[]
    = { "rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", "r8",
        "r9",  "r10", "r11", "r12", "r13", "r14", "r15", "rip" };

/* Adds the variable at ADDRESS and the field in it, "registry.sessions[3]", "registry+24" where no
   debug information tells; false: none is known. */
static bool
variable_text (const struct gcg__model *model, uint64_t address, struct gcg__buffer *out)
{
  struct gcg__data data;
  const char *name;
  uint64_t offset;
  char field[256];
  if (gcg__symbols_data_type (model->symbols, address, &data))
    {
      name = data.name;
      offset = data.offset;
    }
  else if (!gcg__symbols_data (model->symbols, address, &name, &offset))
    return false;
  gcg__buffer_clean (out, name);
  if (data.type[0] != '\0'
      && gcg__symbols_field (model->symbols, data.type, data.bytes, offset, field, sizeof field))
    {
      gcg__buffer_text (out, field[0] == '[' || field[0] == '+' || field[0] == '\0' ? "" : ".");
      gcg__buffer_clean (out, field);
    }
  else if (offset > 0)
    gcg__buffer_format (out, "+%llu", (unsigned long long)offset);
  return true;
}

static void
static_text (const struct gcg__model *model, const struct gcg__region *region, uint64_t address,
             struct gcg__buffer *out)
{
  const struct gcg__snapshot *s = model->snapshot;
  if (!variable_text (model, address, out))
    gcg__buffer_format (out, "0x%llx", (unsigned long long)address);
  gcg__buffer_text (out, " (static data of ");
  gcg__buffer_clean (out, gcg__base_name (s->strings + s->modules[region->index].path));
  gcg__buffer_text (out, ")");
}

void
gcg__thread_text (const struct gcg__model *model, uint32_t thread, struct gcg__buffer *out)
{
  const struct gcg__thread *t = &model->snapshot->threads[thread];
  gcg__buffer_format (out, "%u (", t->tid);
  gcg__buffer_clean (out, model->snapshot->strings + t->name);
  gcg__buffer_text (out, ")");
}

const char *
gcg__register_text (const struct gcg__model *model, uint64_t number,
                    char scratch[GCG__REGISTER_TEXT])
{
  if (model->snapshot->info->machine == EM_X86_64
      && number < sizeof x86_64_registers / sizeof x86_64_registers[0])
    return x86_64_registers[number];
  snprintf (scratch, GCG__REGISTER_TEXT, "x%u", (unsigned)number % 1000);
  return scratch;
}

void
gcg__root_text (const struct gcg__model *model, const struct gcg__root *root,
                struct gcg__buffer *out)
{
  const struct gcg__region *region = &model->snapshot->regions[root->region];
  unsigned long long address = root->address;
  char scratch[GCG__REGISTER_TEXT];
  switch (region->kind)
    {
    case GCG__REGION_STATIC:
      static_text (model, region, root->address, out);
      break;
    case GCG__REGION_STACK:
      gcg__buffer_text (out, "stack of thread ");
      gcg__thread_text (model, region->index, out);
      gcg__buffer_format (out, ", at 0x%llx", address);
      break;
    case GCG__REGION_REGISTERS:
      gcg__buffer_format (out, "register %s of thread ",
                          gcg__register_text (model, address, scratch));
      gcg__thread_text (model, region->index, out);
      break;
    case GCG__REGION_TLS:
      gcg__buffer_text (out, "thread-local data of thread ");
      gcg__thread_text (model, region->index, out);
      gcg__buffer_format (out, ", at 0x%llx", address);
      break;
    case GCG__REGION_EXPLICIT:
      gcg__buffer_format (out,
                          gcg__region_malloced (region)
                              ? "0x%llx, in malloc'd memory, which the collector does not scan"
                          : model->snapshot->info->flags & GCG__INFO_MALLOC
                              ? "0x%llx, in memory that the program has mapped or named as a root"
                              : "0x%llx, in memory given to GC_add_roots",
                          address);
      break;
    default:
      gcg__buffer_text (out, "a root that only the collector knows");
    }
}

const char *
gcg__root_href (const struct gcg__model *model, const struct gcg__root *root, char scratch[32])
{
  const struct gcg__region *region = &model->snapshot->regions[root->region];
  if (!gcg__region_of_thread (region))
    return NULL;
  snprintf (scratch, 32, "/threads/%u", model->snapshot->threads[region->index].tid);
  return scratch;
}

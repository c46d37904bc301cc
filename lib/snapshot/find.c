/* find.c -- from an id or an address to what a checked snapshot says of it.
 *
 * Everything is sorted, so everything is a binary search: blocks by address and by first object
 * (both ascend together, I1), the slots of a block, the escapes and the finalizers by object.  No
 * index is built: a search in ten million objects is some twenty steps, and a snapshot stays what
 * was mapped.  To visit all objects, walk instead (snapshot.h), in constant time each.
 *
 * Trusts the invariants; any thread.
 */
#include "config.h"
#include "snapshot/internal.h"

/* The block of object ID: the last one whose first_object is not after it. */
static uint32_t
find_block (const struct gcg__snapshot *s, uint32_t id)
{
  uint32_t low = 0, high = s->n_blocks;
  while (high - low > 1)
    {
      uint32_t middle = low + (high - low) / 2;
      if (s->blocks[middle].first_object <= id)
        low = middle;
      else
        high = middle;
    }
  return low;
}

uint64_t
gcg__big_value (const struct gcg__big *bigs, uint64_t n, uint64_t index)
{
  uint64_t low = 0, high = n;
  while (low < high)
    {
      uint64_t middle = low + (high - low) / 2;
      if (bigs[middle].index < index)
        low = middle + 1;
      else
        high = middle;
    }
  return low < n && bigs[low].index == index ? bigs[low].value : 0;
}

/* Bytes that object ID of a slot of SLOT_BYTES asked for. */
static uint64_t
find_requested (const struct gcg__snapshot *s, uint32_t id, uint64_t slot_bytes)
{
  uint64_t word = s->words[id], slack = gcg__word_slack (word);
  if (!(gcg__word_flags (word) & GCG__OBJECT_TAGGED))
    return slot_bytes;
  if (slack == GCG__SLACK_BIG)
    slack = gcg__big_value (s->big_slacks, s->n_big_slacks, id);
  return slot_bytes - 8 - slack;
}

/* Unpacks object ID, which is in block B. */
static void
unpack (const struct gcg__snapshot *snapshot, uint32_t id, uint32_t b, struct gcg__object *object)
{
  const struct gcg__block *block = &snapshot->blocks[b];
  uint64_t word = snapshot->words[id];
  object->address = block->address + snapshot->slots[id] * block->slot_bytes;
  object->slot_bytes = block->slot_bytes;
  object->requested_bytes = find_requested (snapshot, id, block->slot_bytes);
  object->id = id;
  object->block = b;
  object->kind = block->kind;
  object->site = gcg__word_site (word);
  object->birth = gcg__word_birth (word);
  object->flags = gcg__word_flags (word);
}

void
gcg__snapshot_object (const struct gcg__snapshot *snapshot, uint32_t id, struct gcg__object *object)
{
  unpack (snapshot, id, find_block (snapshot, id), object);
}

void
gcg__snapshot_object_near (const struct gcg__snapshot *snapshot, uint32_t id, uint32_t *near,
                           struct gcg__object *object)
{
  uint32_t b = *near;
  if (b + 1 < snapshot->n_blocks && snapshot->blocks[b + 1].first_object <= id)
    b++;
  if (snapshot->blocks[b].first_object > id || gcg__block_end (snapshot, b) <= id)
    b = find_block (snapshot, id);
  *near = b;
  unpack (snapshot, id, b, object);
}

bool
gcg__snapshot_find (const struct gcg__snapshot *snapshot, uint64_t address, uint32_t *id,
                    uint64_t *offset)
{
  uint32_t low = 0, high = snapshot->n_blocks;
  while (low < high)
    {
      uint32_t middle = low + (high - low) / 2;
      if (snapshot->blocks[middle].address <= address)
        low = middle + 1;
      else
        high = middle;
    }
  if (low == 0)
    return false;
  const struct gcg__block *block = &snapshot->blocks[low - 1];
  uint64_t slot = (address - block->address) / block->slot_bytes;
  uint32_t first = block->first_object, end = gcg__block_end (snapshot, low - 1), past = end;
  while (first < end)
    {
      uint32_t middle = first + (end - first) / 2;
      if (snapshot->slots[middle] < slot)
        first = middle + 1;
      else
        end = middle;
    }
  if (first == past || snapshot->slots[first] != slot)
    return false;
  *id = first;
  *offset = (address - block->address) % block->slot_bytes;
  return true;
}

const struct gcg__finalizer *
gcg__snapshot_finalizer (const struct gcg__snapshot *snapshot, uint32_t id)
{
  uint32_t low = 0, high = snapshot->n_finalizers;
  while (low < high)
    {
      uint32_t middle = low + (high - low) / 2;
      if (snapshot->finalizers[middle].object < id)
        low = middle + 1;
      else
        high = middle;
    }
  if (low == snapshot->n_finalizers || snapshot->finalizers[low].object != id)
    return NULL;
  return &snapshot->finalizers[low];
}

const struct gcg__hazard *
gcg__snapshot_hazards (const struct gcg__snapshot *snapshot, uint32_t id, uint32_t *n)
{
  uint32_t low = 0, high = snapshot->n_hazards;
  while (low < high)
    {
      uint32_t middle = low + (high - low) / 2;
      if (snapshot->hazards[middle].object < id)
        low = middle + 1;
      else
        high = middle;
    }
  for (high = low; high < snapshot->n_hazards && snapshot->hazards[high].object == id; high++)
    ;
  *n = high - low;
  return snapshot->hazards + low;
}

const uint8_t *
gcg__snapshot_preview (const struct gcg__snapshot *snapshot, uint32_t id, uint32_t *n)
{
  if (snapshot->n_preview_starts == 0)
    return NULL;
  uint32_t b = find_block (snapshot, id);
  const struct gcg__block *block = &snapshot->blocks[b];
  uint64_t at = snapshot->preview_starts[b];
  for (uint32_t i = block->first_object; i < id; i++)
    at += gcg__preview_bytes (find_requested (snapshot, i, block->slot_bytes));
  *n = gcg__preview_bytes (find_requested (snapshot, id, block->slot_bytes));
  return snapshot->previews + at;
}

static uint64_t
find_count (const struct gcg__snapshot *s, uint32_t id)
{
  uint8_t count = s->edge_counts[id];
  return count == GCG__COUNT_BIG ? gcg__big_value (s->big_counts, s->n_big_counts, id) : count;
}

uint64_t
gcg__first_edge (const struct gcg__snapshot *snapshot, uint32_t id, uint64_t *count)
{
  const struct gcg__block *block = &snapshot->blocks[find_block (snapshot, id)];
  uint64_t edge = block->first_edge;
  for (uint32_t i = block->first_object; i < id; i++)
    edge += find_count (snapshot, i);
  *count = find_count (snapshot, id);
  return edge;
}

bool
gcg__snapshot_stack_word (const struct gcg__snapshot *snapshot, uint32_t thread, uint64_t address,
                          uint64_t *word)
{
  uint32_t low = 0, high = snapshot->n_stack_pieces;
  while (low < high)
    {
      uint32_t middle = low + (high - low) / 2;
      if (snapshot->stack_pieces[middle].thread < thread)
        low = middle + 1;
      else
        high = middle;
    }
  if (low == snapshot->n_stack_pieces || snapshot->stack_pieces[low].thread != thread)
    return false;
  const struct gcg__stack_piece *piece = &snapshot->stack_pieces[low];
  if (address % 8 != 0 || address < piece->low || (address - piece->low) / 8 >= piece->n)
    return false;
  *word = snapshot->stacks[piece->first + (address - piece->low) / 8];
  return true;
}

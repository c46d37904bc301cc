/* map.c -- see map.h.
 *
 * Open addressing with linear probing, at most half full (Knuth, TAOCP 3, 6.4).  Keys are hashes
 * already: two things with one hash are taken for one, which for a million of them happens with a
 * chance near 2^-25, and then puts two kinds of leaks into one line of a report.
 */
#include <config.h>

#include "report/map.h"

#include <stdbool.h>
#include <stdlib.h>

void
gcg__map_fini (struct gcg__map *map)
{
  free (map->keys);
  free (map->values);
}

/* Where KEY is or would be. */
static uint32_t
map_slot (const struct gcg__map *map, uint64_t key)
{
  uint32_t slot = (uint32_t)key & (map->size - 1);
  while (map->keys[slot] != 0 && map->keys[slot] != key)
    slot = (slot + 1) & (map->size - 1);
  return slot;
}

static bool
map_grow (struct gcg__map *map)
{
  struct gcg__map grown = { .size = map->size > 0 ? 2 * map->size : 64, .n = map->n };
  grown.keys = calloc (grown.size, sizeof *grown.keys);
  grown.values = calloc (grown.size, sizeof *grown.values);
  if (grown.keys == NULL || grown.values == NULL)
    {
      gcg__map_fini (&grown);
      return false;
    }
  for (uint32_t i = 0; i < map->size; i++)
    if (map->keys[i] != 0)
      {
        uint32_t slot = map_slot (&grown, map->keys[i]);
        grown.keys[slot] = map->keys[i];
        grown.values[slot] = map->values[i];
      }
  gcg__map_fini (map);
  *map = grown;
  return true;
}

uint32_t *
gcg__map_at (struct gcg__map *map, uint64_t key)
{
  key += key == 0;
  if (2 * (map->n + 1) > map->size && !map_grow (map))
    return NULL;
  uint32_t slot = map_slot (map, key);
  if (map->keys[slot] == 0)
    {
      map->keys[slot] = key;
      map->values[slot] = UINT32_MAX;
      map->n++;
    }
  return &map->values[slot];
}

uint64_t
gcg__map_mix (uint64_t hash, uint64_t value)
{
  /* One round of splitmix64 (Steele, Lea and Flood, OOPSLA 2014). */
  uint64_t z = (hash ^ value) + UINT64_C (0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C (0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C (0x94d049bb133111eb);
  return z ^ z >> 31;
}

uint64_t
gcg__map_text (const char *text)
{
  uint64_t hash = 0;
  for (; *text != '\0'; text++)
    hash = gcg__map_mix (hash, (unsigned char)*text);
  return hash;
}

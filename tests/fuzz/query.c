/* query.c -- a fuzz target (driver.c): a page with any parameters is answered.
 *
 * An input is an address with its query, asked of a server that shows a small snapshot with
 * garbage, threads and sites, without HTTP.  JSON must be JSON.  Pictures are left out: a renderer
 * is another process.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "server/reply.h"
#include "server/request.h"
#include "server/routes.h"
#include "server/server.h"
#include "server/source.h"
#include "tests/heap.h"
#include "tests/fuzz/target.h"

#define OBJECTS 12

static struct gcg__server server;

/* A heap with two sites, a reachable list and a ring of garbage. */
static int
write_snapshot (void)
{
  const uint64_t frames[] = { 0x1000, 0x2000 };
  struct heap *heap = heap_new ();
  uint32_t sites[]
      = { heap_site (heap, "struct node", "a.c", 1, "f"), heap_stack_site (heap, frames, 2) };
  for (unsigned i = 0; i < OBJECTS; i++)
    heap_object (heap, 24 + 8 * (i % 3), GCG__KIND_NORMAL, sites[i % 2]);
  for (unsigned i = 0; i < OBJECTS / 2; i++)
    {
      heap_edge (heap, i, 8, (i + 1) % (OBJECTS / 2));
      heap_edge (heap, i + OBJECTS / 2, 8, OBJECTS / 2 + (i + 1) % (OBJECTS / 2));
    }
  heap_root (heap, 0);
  heap_contents (heap, 1, "contents", 8);
  int fd = heap_write (heap);
  heap_free (heap);
  return fd;
}

static void
begin (void)
{
  struct gcg_error error;
  server.guard_fd = -1;
  if (gcg__source_new (&server.source, &error) != GCG_OK
      || gcg__assets_init (&server.assets, NULL, &error) != GCG_OK
      || gcg__access_init (&server.access, "off", &error) != GCG_OK)
    abort ();
  gcg__source_set_file (server.source, "fuzzed");
  if (gcg__source_add (server.source, write_snapshot (), "fuzzed", NULL, 0, &error) != GCG_OK)
    abort ();
  gcg__source_settle (server.source);
}

static void
check (const struct gcg__reply *reply)
{
  if (reply->status < 200 || reply->status > 599)
    abort ();
  if (reply->type != gcg__json_type)
    return;
  json_t *json = json_loadb (reply->body, reply->bytes, JSON_REJECT_DUPLICATES, NULL);
  if (json == NULL)
    abort ();
  json_decref (json);
}

static void
ask (char *path)
{
  static const struct gcg__header headers[] = { { "Host", "localhost:8090" } };
  char *query = strchr (path, '?');
  const char *text;
  if (query != NULL)
    *query++ = '\0';
  struct gcg__request request = { .method = "GET",
                                  .path = path,
                                  .query = query,
                                  .version = "1.1",
                                  .headers = headers,
                                  .n_headers = 1,
                                  .content_length = -1 };
  struct gcg__reply reply;
  gcg__reply_init (&reply);
  if (strstr (path, "/graph.") == NULL && gcg__request_parse (&request, &text) == 0)
    {
      gcg__routes_dispatch (&server, &request, &reply);
      check (&reply);
    }
  gcg__reply_fini (&reply);
  gcg__request_fini (&request);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static bool begun;
  char *path = malloc (size + 1);
  if (path == NULL)
    abort ();
  if (!begun)
    begin ();
  begun = true;
  memcpy (path, data, size);
  path[size] = '\0';
  ask (path);
  free (path);
  return 0;
}

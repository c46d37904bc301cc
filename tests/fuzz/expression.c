/* expression.c -- a fuzz target (driver.c): no line of source and no size expression crashes or
 * stalls the search for the type of an allocation.
 *
 * An input is a line of source, with a first byte for the column.  The calls in it, and the whole
 * of it, are looked up by this program's own debug information, where the function "example" has
 * variables of every kind.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "report/source_type.h"
#include "report/wrapper.h"
#include "tests/modules.h"
#include "tests/fuzz/target.h"

enum
{
  MAX_TEXT = 256,
  /* Queries are cached with their answers, so the symbols are opened anew from time to time. */
  QUESTIONS_MAX = 50000
};

struct node
{
  struct node *next, *child[4];
  union
  {
    long n;
    char *text;
  } value;
};
typedef struct node node;

static uint32_t line;

__attribute__ ((noinline)) static size_t
example (node *p, struct node **list, size_t n)
{
  node all[3];
  int numbers[2][5];
  memset (all, 0, sizeof all);
  memset (numbers, 0, sizeof numbers);
  __asm__ volatile("" : : "r"(p), "r"(list), "r"(all), "r"(numbers), "r"(n) : "memory");
  line = __LINE__;
  return n + (size_t)numbers[1][2] + (all[1].next == p) + (list == NULL);
}

static struct gcg__symbols *
own_symbols (void)
{
  static struct modules *modules;
  static struct gcg__symbols *symbols;
  static unsigned asked;
  struct gcg_error error;
  if (symbols && asked++ < QUESTIONS_MAX)
    return symbols;
  if (!modules)
    {
      (void)example (NULL, NULL, 0);
      modules = modules_new ();
      modules_add_process (modules);
    }
  asked = 0;
  gcg__symbols_free (symbols);
  if (gcg__symbols_new (modules_snapshot (modules), &symbols, &error) != GCG_OK)
    abort ();
  return symbols;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const char *calls[GCG__SOURCE_CALLS];
  char expression[MAX_TEXT];
  if (size < 1 || size > MAX_TEXT || memchr (data, '\0', size))
    return 0;
  /* Of its exact size, so that the address sanitizer sees what reads beyond it. */
  char *text = strndup ((const char *)data + 1, size - 1);
  if (!text)
    return 0;
  struct gcg__symbols *symbols = own_symbols ();
  uint32_t n = gcg__source_calls (text, NULL, data[0], calls);
  for (uint32_t i = 0; i < n; i++)
    {
      bool called;
      if (calls[i] <= text || calls[i] > text + size || calls[i][-1] != '(')
        abort ();
      if (gcg__source_expression (calls[i], expression, sizeof expression, &called))
        (void)gcg__symbols_expression_type (symbols, expression, "example", __FILE__, line);
    }
  (void)gcg__symbols_expression_type (symbols, text, "example", __FILE__, line);
  (void)gcg__wrapper_kind (text);
  free (text);
  return 0;
}

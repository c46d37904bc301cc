/* json.h -- writes JSON as it goes.
 *
 *   struct gcg__json json;
 *   gcg__json_init (&json, NULL, NULL);
 *   gcg__json_object (&json, NULL);
 *   gcg__json_unsigned (&json, "count", 3);
 *   gcg__json_end (&json);
 *   text = gcg__json_take (&json, &bytes, error);
 *
 * KEY is the member's name inside an object, NULL inside an array and at the top.  What comes out
 * is valid whatever the strings hold: invalid UTF-8 becomes U+FFFD; quotes, backslashes, control
 * characters and `<` are escaped (so that `</script>` cannot end a script); numbers are never NaN
 * or infinite and never beyond 2^63 - 1 (they stop there: parsers refuse more).  Addresses are
 * strings, "0x7f12a0": JavaScript's numbers hold 53 bits.  Nesting up to 32 levels.
 * Failure is sticky (buffer.h).  One thread at a time.
 */
#ifndef GCG_REPORT_JSON_H
#define GCG_REPORT_JSON_H

#include <stdint.h>

#include "report/buffer.h"

#define GCG__JSON_DEPTH 32

struct gcg__json
{
  struct gcg__buffer out;
  unsigned depth;
  bool follows[GCG__JSON_DEPTH + 1]; /* an element stands before: a comma is due */
  char closing[GCG__JSON_DEPTH + 1];
};

/* SINK NULL: keeps the text for gcg__json_take. */
void gcg__json_init (struct gcg__json *json, gcg__sink sink, void *context);
void gcg__json_fini (struct gcg__json *json);

void gcg__json_object (struct gcg__json *json, const char *key);
void gcg__json_array (struct gcg__json *json, const char *key);
/* Ends the innermost object or array. */
void gcg__json_end (struct gcg__json *json);

/* TEXT NULL writes null. */
void gcg__json_string (struct gcg__json *json, const char *key, const char *text);
void gcg__json_address (struct gcg__json *json, const char *key, uint64_t address);
void gcg__json_unsigned (struct gcg__json *json, const char *key, uint64_t number);
void gcg__json_signed (struct gcg__json *json, const char *key, int64_t number);
/* NaN and infinities become null. */
void gcg__json_real (struct gcg__json *json, const char *key, double number);
void gcg__json_bool (struct gcg__json *json, const char *key, bool value);
void gcg__json_null (struct gcg__json *json, const char *key);
/* The N bytes MEMBERS, `"a":1,"b":[]` as another writer made them, inside an object. */
void gcg__json_members (struct gcg__json *json, const char *members, size_t n);
/* {"count","bytes"} */
void gcg__json_totals (struct gcg__json *json, const char *key, uint64_t count, uint64_t bytes);

/* Everything arrived (the sink has the rest), or why not. */
enum gcg_status gcg__json_finish (struct gcg__json *json, struct gcg_error *error)
    __attribute__ ((warn_unused_result));
/* Takes the text out and ends JSON; caller frees it.  NULL and ERROR set when it failed. */
char *gcg__json_take (struct gcg__json *json, size_t *bytes, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

#endif

/* request.c -- see request.h.
 *
 * Parameters are decoded into one allocation of the size of the query (decoding never makes it
 * longer); a body brings another.  UTF-8 as in RFC 3629: no surrogates, nothing overlong.
 */
#include "config.h"

#include "server/request.h"

#include <jansson.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *
gcg__request_header (const struct gcg__request *request, const char *name, int *count)
{
  const char *value = NULL;
  int n = 0;
  for (int i = 0; i < request->n_headers; i++)
    if (strcasecmp (request->headers[i].name, name) == 0)
      {
        if (n++ == 0)
          value = request->headers[i].value;
      }
  if (count != NULL)
    *count = n;
  return n == 1 ? value : NULL;
}

/* Whether the parameters of a coding, up to its comma, give it the weight 0. */
static bool
is_refused (const char *parameters)
{
  const char *weight = parameters + strcspn (parameters, ",=");
  if (*weight != '=')
    return false;
  weight += 1 + strspn (weight + 1, " \t");
  return *weight == '0' && strspn (weight, ".0") == strcspn (weight, " \t,;");
}

bool
gcg__request_takes_gzip (const struct gcg__request *request)
{
  const char *at = gcg__request_header (request, "Accept-Encoding", NULL);
  while (at != NULL && *at != '\0')
    {
      at += strspn (at, " \t,");
      size_t n = strcspn (at, " \t,;");
      if (n == 4 && strncasecmp (at, "gzip", n) == 0)
        return !is_refused (at + n);
      at += strcspn (at, ",");
    }
  return false;
}

bool
gcg__request_is_get (const struct gcg__request *request)
{
  return strcmp (request->method, "GET") == 0 || strcmp (request->method, "HEAD") == 0;
}

bool
gcg__request_is_api (const struct gcg__request *request)
{
  return strncmp (request->path, "/api/", 5) == 0 || strcmp (request->path, "/api") == 0;
}

const char *
gcg__request_text (const struct gcg__request *request, const char *name)
{
  for (int i = 0; i < request->n_parameters; i++)
    if (strcmp (request->parameters[i].name, name) == 0)
      return request->parameters[i].value;
  return NULL;
}

bool
gcg__parse_number (const char *text, uint64_t low, uint64_t high, uint64_t *value)
{
  uint64_t sum = 0;
  if (*text == '\0')
    return false;
  for (; *text != '\0'; text++)
    {
      unsigned digit = (unsigned char)*text - (unsigned)'0';
      if (digit > 9 || __builtin_mul_overflow (sum, 10, &sum)
          || __builtin_add_overflow (sum, digit, &sum))
        return false;
    }
  if (sum < low || sum > high)
    return false;
  *value = sum;
  return true;
}

bool
gcg__request_number (const struct gcg__request *request, const char *name, uint64_t low,
                     uint64_t high, uint64_t fallback, uint64_t *value)
{
  const char *text = gcg__request_text (request, name);
  if (text != NULL)
    return gcg__parse_number (text, low, high, value);
  *value = fallback;
  return true;
}

bool
gcg__is_clean_text (const char *text, size_t bytes)
{
  const unsigned char *p = (const unsigned char *)text, *end = p + bytes;
  while (p < end)
    {
      unsigned first = *p++;
      unsigned more = first < 0x80 ? 0 : first < 0xc2 ? 4 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
      if (first < 0x20 || first == 0x7f || more == 4 || first > 0xf4 || (size_t)(end - p) < more)
        return false;
      if (more > 0
          && ((first == 0xe0 && *p < 0xa0) || (first == 0xed && *p > 0x9f)
              || (first == 0xf0 && *p < 0x90) || (first == 0xf4 && *p > 0x8f)
              || (first == 0xc2 && *p < 0xa0)))
        return false;
      for (; more > 0; more--)
        if ((*p++ & 0xc0) != 0x80)
          return false;
    }
  return true;
}

static int
hex_digit (char c)
{
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : -1;
}

/* Decodes [*FROM, END) to OUT, which it terminates; false for a broken escape or a NUL. */
static bool
decode (const char *from, const char *end, char **out)
{
  char *to = *out;
  for (; from < end; from++)
    {
      char c = *from;
      if (c == '+')
        c = ' ';
      else if (c == '%')
        {
          int high = end - from > 2 ? hex_digit (from[1]) : -1;
          int low = high >= 0 ? hex_digit (from[2]) : -1;
          if (low < 0)
            return false;
          c = (char)(high * 16 + low);
          from += 2;
        }
      if (c == '\0')
        return false;
      *to++ = c;
    }
  *to++ = '\0';
  *out = to;
  return true;
}

static int
add_parameter (struct gcg__request *request, const char *name, const char *value, const char **text)
{
  if (gcg__request_text (request, name) != NULL)
    {
      *text = "A parameter is given twice.";
      return 400;
    }
  if (request->n_parameters == GCG__MAX_PARAMETERS)
    {
      *text = "Too many parameters.";
      return 400;
    }
  request->parameters[request->n_parameters++] = (struct gcg__parameter){ name, value };
  return 0;
}

/* Adds the fields of FORM ("a=b&c=d"), decoded to STORAGE, which is as long. */
static int
parse_form (struct gcg__request *request, const char *form, char *storage, const char **text)
{
  while (*form != '\0')
    {
      const char *end = strchrnul (form, '&');
      const char *equals = memchr (form, '=', (size_t)(end - form));
      char *name = storage, *value;
      *text = "A percent escape is broken or means NUL.";
      if (!decode (form, equals != NULL ? equals : end, &storage))
        return 400;
      value = storage;
      if (!decode (equals != NULL ? equals + 1 : end, end, &storage))
        return 400;
      if (!gcg__is_clean_text (name, strlen (name)) || !gcg__is_clean_text (value, strlen (value)))
        {
          *text = "A parameter is not UTF-8 text.";
          return 400;
        }
      if (end > form)
        {
          int status = add_parameter (request, name, value, text);
          if (status != 0)
            return status;
        }
      form = *end == '\0' ? end : end + 1;
    }
  return 0;
}

/* Only types have names with any characters in them. */
static bool
names_type (const char *path)
{
  return strncmp (path, "/tracker/type/", 14) == 0 || strncmp (path, "/api/tracker/type/", 18) == 0;
}

/* Whether the percent escapes in PATH are whole and none means NUL. */
static bool
check_escapes (const char *path)
{
  for (const char *p = strchr (path, '%'); p != NULL; p = strchr (p + 1, '%'))
    if (!isxdigit ((unsigned char)p[1]) || !isxdigit ((unsigned char)p[2])
        || (p[1] == '0' && p[2] == '0'))
      return false;
  return true;
}

/* Whether PATH leads up.  In the name of a type, which may be that of a file, it must do so as a
   whole segment. */
static bool
climbs (const char *path)
{
  if (!names_type (path))
    return strstr (path, "..") != NULL;
  for (const char *p = path; (p = strstr (p, "/..")) != NULL; p++)
    if (p[3] == '/' || p[3] == '\0')
      return true;
  return false;
}

static int
check_path (const char *path, const char **text)
{
  if (strlen (path) > GCG__MAX_PATH_BYTES)
    {
      *text = "The address is too long.";
      return 414;
    }
  *text = "The address is not one of gcglass.";
  if (path[0] != '/' || strstr (path, "//") != NULL || climbs (path))
    return 400;
  for (const char *p = path; *p != '\0'; p++)
    if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f || strchr ("\\\"<>^`{|}", *p)
        || (strchr ("%'", *p) != NULL && !names_type (path)))
      return 400;
  return check_escapes (path) ? 0 : 400;
}

static int
check_headers (const struct gcg__request *request, const char **text)
{
  int hosts, lengths, encodings;
  if (request->n_headers >= GCG__MAX_HEADERS)
    {
      *text = "Too many header lines.";
      return 431;
    }
  gcg__request_header (request, "Host", &hosts);
  gcg__request_header (request, "Content-Length", &lengths);
  gcg__request_header (request, "Transfer-Encoding", &encodings);
  *text = "The request must have one Host line.";
  if (hosts != 1)
    return 400;
  *text = "The length of the body must be given once, by Content-Length.";
  if (lengths > 1 || (lengths == 1 && encodings > 0))
    return 400;
  if (encodings > 0 || (strcmp (request->method, "POST") == 0 && lengths == 0))
    return 411;
  if (request->content_length > GCG__MAX_BODY_BYTES)
    {
      *text = "The body is too large.";
      return 413;
    }
  return 0;
}

int
gcg__request_parse (struct gcg__request *request, const char **text)
{
  int status = check_path (request->path, text);
  if (status == 0)
    status = check_headers (request, text);
  if (status != 0 || request->query == NULL)
    return status;
  size_t bytes = strlen (request->query);
  if (bytes > GCG__MAX_QUERY_BYTES)
    {
      *text = "The address is too long.";
      return 414;
    }
  /* Each field without "=" needs a NUL more than it has characters. */
  request->storage = malloc (2 * bytes + 2);
  if (request->storage == NULL)
    {
      *text = "Out of memory.";
      return 503;
    }
  return parse_form (request, request->query, request->storage, text);
}

static int
parse_json (struct gcg__request *request, char *storage, const char **text)
{
  json_t *object = json_loadb (request->body, request->body_bytes, JSON_REJECT_DUPLICATES, NULL);
  const char *key;
  json_t *value;
  int status = 0;
  *text = "The body must be a JSON object of texts.";
  if (!json_is_object (object))
    status = 400;
  else
    json_object_foreach (object, key, value)
    {
      const char *string = json_string_value (value);
      if (string == NULL || !gcg__is_clean_text (string, json_string_length (value))
          || !gcg__is_clean_text (key, strlen (key)))
        {
          status = 400;
          break;
        }
      /* Both are shorter than their JSON, quotes included. */
      char *name = storage, *copy = stpcpy (name, key) + 1;
      storage = stpcpy (copy, string) + 1;
      status = add_parameter (request, name, copy, text);
      if (status != 0)
        break;
    }
  json_decref (object);
  return status;
}

int
gcg__request_take_body (struct gcg__request *request, char *body, size_t bytes, const char **text)
{
  const char *type = gcg__request_header (request, "Content-Type", NULL);
  size_t n = type == NULL ? 0 : strcspn (type, "; \t");
  free (request->body);
  /* The decoded fields stand behind the body, in the same allocation. */
  request->body = realloc (body, 3 * bytes + 4);
  if (request->body == NULL)
    {
      free (body);
      *text = "Out of memory.";
      return 503;
    }
  request->body_bytes = bytes;
  request->body[bytes] = '\0';
  if (bytes == 0)
    return 0;
  char *storage = request->body + bytes + 1;
  if (n == strlen ("application/json") && strncasecmp (type, "application/json", n) == 0)
    return parse_json (request, storage, text);
  *text = "The body must be a form or JSON, without NUL.";
  if (n != strlen ("application/x-www-form-urlencoded")
      || strncasecmp (type, "application/x-www-form-urlencoded", n) != 0)
    return 415;
  if (memchr (request->body, '\0', bytes) != NULL)
    return 400;
  return parse_form (request, request->body, storage, text);
}

void
gcg__request_fini (struct gcg__request *request)
{
  free (request->storage);
  free (request->body);
  request->storage = request->body = NULL;
}

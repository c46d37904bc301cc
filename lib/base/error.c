/* error.c -- see error.h. */
#include <config.h>

#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

enum gcg_status
gcg__error_write (struct gcg_error *error, enum gcg_status status, const char *format, ...)
{
  if (error == NULL)
    return status;
  error->status = status;
  va_list arguments;
  va_start (arguments, format);
  vsnprintf (error->text, sizeof error->text, format, arguments);
  va_end (arguments);
  for (char *c = error->text; *c != '\0'; c++)
    if ((unsigned char)*c < ' ' || *c == 0x7f)
      *c = ' ';
  return status;
}

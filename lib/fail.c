/* fail.c -- see fail.h. */
#include "fail.h"

#include <stdarg.h>
#include <stdio.h>

enum gcg_status
gcg__fail (struct gcg_error *error, enum gcg_status status, const char *format, ...)
{
  if (error)
    {
      va_list arguments;
      va_start (arguments, format);
      error->status = status;
      vsnprintf (error->text, sizeof error->text, format, arguments);
      va_end (arguments);
    }
  return status;
}

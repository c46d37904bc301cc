/* shown.h -- what the program shown.c and its libraries have in common. */
#ifndef TESTS_IMAGE_SHOWN_H
#define TESTS_IMAGE_SHOWN_H

#include <stdint.h>

#define API __attribute__ ((visibility ("default")))

/* Of each library, called by the thread that is asked about: where its thread-local variable is,
   after a first access. */
typedef void *shown_tls (void);

/* Each library's writable data, zeroed data, and what is read-only once it is relocated. */
struct shown_data
{
  void *data, *bss;
  const void *relro;
};
typedef struct shown_data shown_places (void);

API shown_tls shown_library_tls;
API shown_places shown_library_places;

#endif

/* live.h -- the conversation with the agent in a live process (lib/protocol.h).
 *
 * A thread of its own reads what the agent says and feeds a source with it.  Either the agent
 * connects to us (gcglass run: an abstract name with 128 random bits, which only the program's
 * environment holds), or we were started at one end of a connection (gcglass serve).  One agent at
 * a time: when its process has ended, or has become another program, the next one may come.
 */
#ifndef GCG_SERVER_LIVE_H
#define GCG_SERVER_LIVE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "gcglass/error.h"
#include "link/message.h"

struct gcg__live;
struct gcg__source;

/* What happens on the live thread; CONTEXT is the caller's. */
struct gcg__live_events
{
  void *context;
  void (*closed) (void *context); /* the connection has ended, or STOP was said; may be NULL */
  /* A process is about to execute FILE (borrowed), with LIBRARIES as its LD_LIBRARY_PATH; fills the
     status and the text of ANSWER.  NULL: the program will run without the agent. */
  void (*executes) (void *context, int file, const char *libraries, struct gcg__message *answer);
  /* The process has executed it; may be NULL. */
  void (*executed) (void *context);
  bool ends; /* the server ends with the process: its last one is kept, not analysed */
  /* Receives the reason why a snapshot that was not requested here could not be taken.  May be
     NULL. */
  void (*failed) (void *context, const char *text);
  /* Receives the reason why the process is not looked at from outside but from inside.  May be
     NULL. */
  void (*inside) (void *context, const char *why);
  double every_s;   /* between samples that are read from outside; 0: none */
  bool traces;      /* the process is traced for its life, where its heap is malloc's */
  bool collects;    /* the collector is to say what is garbage, where there is one */
  bool from_inside; /* samples are to say what the agent alone knows: it takes them all */
};

/* Listens on a new name, which is written to NAME.
   On GCG_OK *LIVE is to be given to gcg__live_free.  Errors: GCG_SYSTEM, GCG_NO_MEMORY. */
enum gcg_status gcg__live_listen (struct gcg__source *source, const struct gcg__live_events *events,
                                  char name[GCG__SOCKET_NAME_BYTES], struct gcg__live **live,
                                  struct gcg_error *error) __attribute__ ((warn_unused_result));

/* Talks on the connection FD (taken), on which HELLO was read already.  It is closed by
   gcg__live_free, not when the conversation ends. */
enum gcg_status gcg__live_connected (struct gcg__source *source, int fd, pid_t pid,
                                     const struct gcg__live_events *events, struct gcg__live **live,
                                     struct gcg_error *error) __attribute__ ((warn_unused_result));

/* The process that was started has ended: reads what its agent still said, unless another process
   is connected, which goes on. */
void gcg__live_finish (struct gcg__live *live, pid_t pid);

/* Returns the number of warnings that the agents have counted instead of printing
   (lib/warnings.h). */
uint64_t gcg__live_warnings (struct gcg__live *live);

/* Returns whether a process is connected. */
bool gcg__live_is_connected (struct gcg__live *live);

/* Asks for a snapshot: a gcg__ask_function, whose context is the struct gcg__live. */
bool gcg__live_ask (void *live, uint32_t sequence, bool collect, const char *description);

/* Says something about samples: a gcg__say_function, whose context is the struct gcg__live. */
bool gcg__live_say (void *live, uint16_t type, uint32_t sequence, const char *text);

/* Ends the conversation.  The source must have been shut, and no thread may be using it any more.
   NULL is fine. */
void gcg__live_free (struct gcg__live *live);

#endif

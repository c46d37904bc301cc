/* protocol.h -- messages between the agent and its clients.
 *
 * A Unix socket of type SOCK_SEQPACKET carries struct gcg__message, one per packet.  The agent says
 * HELLO first.  A client asks CAPTURE and is answered SNAPSHOT with the same sequence number and,
 * on success, a sealed memfd that holds the snapshot, or what it is to be made from (SCM_RIGHTS).
 * A SNAPSHOT with sequence 0 was not requested over this connection: the program called
 * gcg_snapshot, or it is ending (FLAG_EXIT; without a snapshot, status and text give the reason),
 * or a signal came (FLAG_CHECK).
 *
 * A client that may read this process's memory and has not asked for a thread (STOPS) reads the
 * counters there (agent_root.h), and is sent no samples.  Otherwise
 * SAMPLES brings a sealed memfd with records of a recording (lib/recording/format.h, without the
 * file's header): to a server the whole log when it connects, then each sample as it is taken;
 * sequence 0 = not requested.
 *
 *   client                        connection
 *   gcglass run, gcglass leaks    listens on an abstract name, given in GCGLASS_SOCKET; the agent
 *                                 connects when the program first uses the collector; a process
 *                                 that is about to execute another program says EXEC on a
 *                                 connection that ends with the answer
 *   gcg_start                     the agent starts "gcglass serve --fd 3" at one end of a
 *                                 socketpair, says HELLO and SERVE; the server answers URL, or URL
 *                                 with a failure
 *   gcg_save, gcg_snapshot, ...   with no client that may stop the program the agent starts
 *                                 "gcglass attend --fd 3" at one end of a socketpair, which says
 *                                 HELLO; the agent says HELLO too, is answered STOPS, and ASKs
 *   gcglass snapshot PID          connects to the agent's own abstract name, GCG__AGENT_NAME; where
 *                                 the agent has no thread, gcglass run or leaks listens there
 *
 * Both sides check SO_PEERCRED: same user or root; a client of GCG__AGENT_NAME also that the
 * listener's pid is the one it asked for, or has started it (abstract names can be squatted).
 * The end of the connection is the end of the conversation: the other side has gone or has stopped.
 */
#ifndef GCG_PROTOCOL_H
#define GCG_PROTOCOL_H

#include <stdint.h>

#define GCG__PROTOCOL_MAGIC   0x4d474347u /* "GCGM" */
#define GCG__PROTOCOL_VERSION 1u

/* printf format of the abstract name (after the leading NUL) of process PID's agent. */
#define GCG__AGENT_NAME "gcglass/agent/%d"

enum gcg__message_type
{
  GCG__HELLO = 1, /* agent -> client: pid, text = agent version, with FLAG_ROOT a space and the
                     address of lib/agent_root.h in hexadecimal; fd, if there is one = a file whose
                     first eight bytes count the warnings that are not printed (lib/warnings.h) */
  GCG__CAPTURE,   /* client -> agent: sequence, text = description, flags */
  GCG__SNAPSHOT,  /* agent -> client: sequence, status, flags, text = description or error; fd */
  GCG__SERVE,     /* agent -> server: text = "host=...\nport=...\ntoken=...\n..." (see below) */
  GCG__URL,       /* server -> agent: status, text = the URL with the token, or the error */
  GCG__STOP,      /* agent -> server: close and end */
  GCG__SAMPLES,   /* agent -> client: sequence, status, text = error; fd */
  GCG__SAMPLE,    /* client -> agent: sequence, text = description, flags = those of the sample
                     (lib/recording/format.h): take a sample now; agent ->
                     client that reads the counters: the program takes one, and waits until fd, which
                     comes with it, is closed */
  GCG__SAMPLING,  /* client -> agent: text = seconds between samples, "0" = none; agent -> client:
                     what it is now, flags */
  GCG__EXEC,      /* process -> client, instead of HELLO: fd = the file that it is about to execute,
                     flags, text = LD_LIBRARY_PATH that it will have; client -> process, the answer:
                     status, flags, text = the object to preload, or why there is none */
  GCG__STOPS,     /* client -> agent: the answer to a HELLO with FLAG_ROOT; status: may the client
                     stop the program, and so look at it from outside; text = why it may not; flags */
  GCG__END,       /* agent -> client: thread "sequence" ends the program and waits; client -> agent,
                     the answer, once there is a copy: status, not GCG_OK: the agent takes the last
                     snapshot itself */
  GCG__CHECK,     /* agent -> client: a signal asks for a snapshot, which the client takes */
  GCG__CONFINE, /* agent -> client: the program is about to restrict its own system calls; the rest
                   is said in the root structure (agent_root.h) */
  GCG__ASK /* agent -> client that may stop the program: thread "sequence" wants a snapshot of this
              instant; text = address of the ucontext_t with its registers as of where it called us,
              in hexadecimal, a space, description; fd = one end of a socketpair on which the thread
              waits.  client -> thread, there: ASK as soon as the program goes on, then SNAPSHOT;
              not GCG_OK: it is to be taken from inside.  With FLAG_COUNT SNAPSHOT's text says how
              much of it is leaked, "OBJECTS BYTES", and nothing comes with it.  With FLAG_DUMP
              the thread has the snapshot made from a raw dump, which it sends there in a SNAPSHOT;
              text is empty, and no ASK comes back */
};

/* Lines of SERVE, each "key=value\n", unknown keys ignored: host, port, token ("off", "" = make
   one), snapshot (file to show instead), templates,
   debug (0, 1). */

#define GCG__FLAG_EXIT      1u    /* SNAPSHOT: the last one, the program is ending */
#define GCG__FLAG_CHECK     4u    /* SNAPSHOT: a signal has asked for it */
#define GCG__FLAG_LIFETIMES 2u    /* SAMPLING: deaths are counted */
#define GCG__FLAG_AGAIN     8u    /* HELLO: the program has closed the connection that it had */
#define GCG__FLAG_WITHOUT   16u   /* EXEC: what is preloaded would harm the program */
#define GCG__FLAG_CHILD     32u   /* EXEC: a new child executes it, not the process that asks */
#define GCG__FLAG_ROOT      64u   /* HELLO: the program can be looked at from outside */
#define GCG__FLAG_THREAD    128u  /* STOPS: the agent is to start its thread; HELLO: it samples */
#define GCG__FLAG_COLLECT   256u  /* CAPTURE: the collector is to say what is garbage */
#define GCG__FLAG_DUMP      512u  /* SNAPSHOT, ASK: there is a raw dump (lib/dump_format.h) */
#define GCG__FLAG_COUNT     1024u /* ASK, its SNAPSHOT: the leaks are to be counted */

/* Why a CAPTURE with FLAG_COLLECT is refused. */
#define GCG__NO_COLLECTOR "the program uses malloc: there is no collector to ask"

struct gcg__message
{
  uint32_t magic;
  uint16_t version;
  uint16_t type;   /* enum gcg__message_type */
  uint32_t status; /* enum gcg_status */
  uint32_t flags;
  uint32_t pid;
  uint32_t sequence;
  char text[1000]; /* NUL-terminated */
};

#endif

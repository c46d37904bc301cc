/* gcglass/error.h -- what every fallible function of gcglass returns.
 *
 * A function that can fail returns an enum gcg_status (GCG_OK is 0) and takes, last, a nullable
 * pointer to a caller-owned struct gcg_error that it fills with one line for a person: what went
 * wrong, where, and what to do.  On success the struct is left as it was.  Nothing is allocated.
 */
#ifndef GCGLASS_ERROR_H
#define GCGLASS_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

/* One list makes the enumeration, the names and the short messages. */
#define GCG_STATUS_MAP(XX)                                                                         \
  XX (OK, "success")                                                                               \
  XX (NO_MEMORY, "out of memory")                                                                  \
  XX (INVALID, "invalid argument")                                                                 \
  XX (SYSTEM, "a system call failed")                                                              \
  XX (CORRUPT, "the snapshot is damaged or not a snapshot")                                        \
  XX (VERSION, "the snapshot was written by another version")                                      \
  XX (NOT_FOUND, "no such thing")                                                                  \
  XX (BUSY, "already in use")                                                                      \
  XX (TIMEOUT, "took too long")                                                                    \
  XX (NO_SERVER, "the server program cannot be started")                                           \
  XX (NO_RENDERER, "the renderer program cannot be started")                                       \
  XX (RENDER, "the picture could not be drawn")                                                    \
  XX (NO_COLLECTOR, "the program does not use the collector")                                      \
  XX (DISABLED, "the collector is switched off")                                                   \
  XX (UNSUPPORTED, "not supported here")

__extension__ enum gcg_status {
#define GCG_STATUS_ENUM(name, text) GCG_##name,
  GCG_STATUS_MAP (GCG_STATUS_ENUM)
#undef GCG_STATUS_ENUM
};

struct gcg_error
{
  enum gcg_status status;
  char text[256]; /* one line, NUL-terminated, no newline */
};

#ifdef __cplusplus
}
#endif
#endif

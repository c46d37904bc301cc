/* internal.h -- shared by the files of lib/recording. */
#ifndef GCG_RECORDING_INTERNAL_H
#define GCG_RECORDING_INTERNAL_H

#include "recording/recording.h"

enum gcg_status gcg__recording_fail (struct gcg_error *error, enum gcg_status status,
                                     const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

/* Room for so many more; false: no memory. */
bool gcg__recording_reserve_sites (struct gcg__recording *recording, uint64_t sites,
                                   uint64_t frames, uint64_t strings);

/* A sample with room for N_CHANGES, or NULL. */
struct gcg__sample *gcg__recording_new_sample (const struct gcg__record_sample *head,
                                               uint32_t n_changes, const char *description);

/* Takes SAMPLE as the last one, and lets others go when there are too many; false: no memory, it
   stays the caller's. */
bool gcg__recording_add_sample (struct gcg__recording *recording, struct gcg__sample *sample);

/* Takes in one record, whose payload has HEAD->bytes; DAMAGED says where in messages. */
enum gcg_status gcg__recording_take (struct gcg__recording *recording,
                                     const struct gcg__record_head *head, const void *payload,
                                     struct gcg_error *error);

#endif

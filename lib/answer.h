/* answer.h -- what the agent's thread answers when it is asked (protocol.h). */
#ifndef GCG_ANSWER_H
#define GCG_ANSWER_H

#include <stdbool.h>

#include "protocol.h"

/* Answers ASK, a CAPTURE, on FD; false when the other side has gone.  FROM_INSIDE: the one who asks
   could not take it from outside. */
bool gcg__answer_capture (int fd, const struct gcg__message *ask, bool from_inside);

/* Answers ASK, a SAMPLE, on FD.  Every server is sent the sample as it is taken: one that asks gets
   it once more with its number; a client that is not a server gets the whole log (ALL). */
bool gcg__answer_sample (int fd, const struct gcg__message *ask, bool all);

#endif

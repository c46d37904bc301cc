/* answer.c -- see answer.h. */
#include "answer.h"

#include <unistd.h>

#include "agent.h"
#include "ask.h"
#include "capture.h"
#include "fail.h"
#include "control.h"
#include "recording/format.h"
#include "sample/sample.h"
#include "wire.h"

/* Takes the snapshot that ASK asks for: in collector mode, where the collector is to say what is
   garbage, at the end of a collection. */
static enum gcg_status
capture (const struct gcg__message *ask, bool from_inside, int *snapshot, uint32_t *flags,
         struct gcg_error *error)
{
  ucontext_t here;

  if (ask->flags & GCG__FLAG_COLLECT)
#ifdef GCG_MALLOC
    return gcg__fail (error, GCG_UNSUPPORTED, GCG__NO_COLLECTOR);
#else
    from_inside = true;
#endif
  *flags = GCG__CAPTURE_FLAGS;
  if (from_inside)
    return gcg__capture (ask->text, false, snapshot, error);
  GCG__NOTE_CALLER (&here);
  return gcg__take (&here, ask->text, snapshot, flags, error);
}

bool
gcg__answer_capture (int fd, const struct gcg__message *ask, bool from_inside)
{
  struct gcg__message answer = gcg__wire_message (GCG__SNAPSHOT);
  struct gcg_error error = { GCG_OK, "" };
  uint32_t flags = 0;
  int snapshot = -1;
  bool sent;

  answer.sequence = ask->sequence;
  answer.flags = ask->flags;
  answer.status = capture (ask, from_inside, &snapshot, &flags, &error);
  answer.flags |= answer.status == GCG_OK ? flags : 0;
  if (answer.status == GCG_OK && gcg__control_is_sampled ())
    (void)gcg__control_sample (ask->text, GCG__SAMPLE_SNAPSHOT, true, NULL);
  gcg__wire_text (&answer, answer.status == GCG_OK ? ask->text : error.text);
  sent = gcg__wire_send (fd, &answer, snapshot);
  if (snapshot >= 0)
    close (snapshot);
  return sent;
}

bool
gcg__answer_sample (int fd, const struct gcg__message *ask, bool all)
{
  struct gcg__message answer = gcg__wire_message (GCG__SAMPLES);
  struct gcg_error error = { GCG_OK, "" };
  int samples = -1;
  bool sent;

  answer.sequence = ask->sequence;
  answer.status = gcg__control_sample (ask->text, ask->flags, true, &error);
  if (answer.status == GCG_OK)
    samples = all ? gcg__sample_log (false) : gcg__sample_last ();
  gcg__wire_text (&answer, answer.status == GCG_OK ? ask->text : error.text);
  sent = gcg__wire_send (fd, &answer, samples);
  if (samples >= 0)
    close (samples);
  return sent;
}

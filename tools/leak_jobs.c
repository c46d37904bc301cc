/* leak_jobs.c -- see leak_jobs.h.
 *
 * A process is known by its number.  Of each the blocks already reported are kept, for those
 * that are looked at more than once, and the text of its log: the file is replaced as a whole when
 * something is added, so that a reader never sees half a report.
 */
#include <config.h>

#include "tools/leak_jobs.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/error.h"
#include "report/words.h"
#include "tools/save.h"

struct job
{
  struct job *next;
  struct watched who;
  int fd; /* -1: TEXT is to be said */
  uint32_t flags;
  char *text;
};

struct process
{
  struct process *next;
  pid_t pid;
  uint32_t id; /* of its connection */
  uint32_t n_checks;
  struct gcg__told told;
  char *log;
  size_t log_bytes;
};

struct leak_jobs
{
  const struct leak_run *run;
  pid_t pid;
  pthread_t thread;
  int done_fd;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  struct job *first, **last;
  bool closed;
  /* The thread's own. */
  struct process *processes;
  struct leak_result result;
};

static void say (const struct leak_jobs *jobs, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

static void
say (const struct leak_jobs *jobs, const char *format, ...)
{
  va_list arguments;
  if (jobs->run->quiet)
    return;
  va_start (arguments, format);
  fputs ("gcglass: ", stderr);
  vfprintf (stderr, format, arguments);
  fputc ('\n', stderr);
  va_end (arguments);
}

static void
fail (struct leak_jobs *jobs, const char *text)
{
  command_fail (jobs->run->options.command, "%s", text);
  jobs->result.failed = true;
}

static struct process *
process_of (struct leak_jobs *jobs, const struct watched *who)
{
  struct process *process = jobs->processes;
  while (process != NULL && process->pid != who->pid)
    process = process->next;
  if (process == NULL && (process = calloc (1, sizeof *process)) != NULL)
    {
      process->next = jobs->processes;
      process->pid = who->pid;
      jobs->processes = process;
    }
  if (process != NULL && process->id != who->id)
    {
      /* It runs another program now. */
      gcg__told_fini (&process->told);
      process->n_checks = 0;
      process->id = who->id;
    }
  return process;
}

/* The file that PATTERN means for process PID: with the number in place of %p; without one, that of
   the program itself, and beside it, with the number at the end, those of its children.  Caller
   frees; NULL: out of memory. */
static char *
output_path (const struct leak_jobs *jobs, const char *pattern, pid_t pid)
{
  const char *at = strstr (pattern, "%p");
  char *path = NULL;
  int n;
  if (at != NULL)
    n = asprintf (&path, "%.*s%d%s", (int)(at - pattern), pattern, (int)pid, at + 2);
  else if (pid == jobs->pid)
    return strdup (pattern);
  else
    n = asprintf (&path, "%s.%d", pattern, (int)pid);
  return n < 0 ? NULL : path;
}

/* Adds TEXT to the log of PROCESS and replaces its file. */
static enum gcg_status
write_log (struct leak_jobs *jobs, struct process *process, const char *text, size_t bytes,
           struct gcg_error *error)
{
  char *path = output_path (jobs, jobs->run->options.log, process->pid);
  char *log = realloc (process->log, process->log_bytes + bytes + 1);
  struct save save;
  if (log != NULL)
    {
      memcpy (log + process->log_bytes, text, bytes);
      process->log = log;
      process->log_bytes += bytes;
    }
  enum gcg_status status = path == NULL || log == NULL
                               ? gcg__error_write (error, GCG_NO_MEMORY, "out of memory for a log")
                               : save_begin (&save, path, error);
  if (status == GCG_OK)
    {
      fwrite (process->log, 1, process->log_bytes, save.stream);
      status = save_end (&save, true, error);
    }
  free (path);
  return status;
}

/* What the program was called, which may be a link; NULL: PROCESS runs another one. */
static const char *
called (const struct leak_jobs *jobs, const struct process *process,
        const struct gcg__snapshot *snapshot)
{
  char *file = process->pid == jobs->pid ? realpath (jobs->run->launch.path, NULL) : NULL;
  bool is_it = file != NULL && strcmp (file, gcg__text (snapshot, snapshot->info->program)) == 0;
  free (file);
  return is_it ? jobs->run->launch.path : NULL;
}

/* The name of the program in SNAPSHOT, for messages. */
static const char *
name_of (const struct leak_jobs *jobs, const struct process *process,
         const struct gcg__snapshot *snapshot)
{
  const char *program = gcg__text (snapshot, snapshot->info->program);
  const char *slash = strrchr (program, '/');
  if (program[0] == '\0' || called (jobs, process, snapshot) != NULL)
    return jobs->run->launch.name;
  return slash != NULL ? slash + 1 : program;
}

/* Writes REPORT as text to the log, or to the standard error. */
static enum gcg_status
write_text (struct leak_jobs *jobs, struct process *process, const struct gcg__leak_report *report,
            const char *when, struct gcg_error *error)
{
  char *text = NULL;
  size_t bytes = 0;
  bool to_log = jobs->run->options.log != NULL;
  struct gcg__leak_text_options how = { .name = jobs->run->launch.name,
                                        .when = when,
                                        .program = called (jobs, process, report->model->snapshot),
                                        .colour = !to_log && leak_wants_colour (stderr) };
  FILE *to = open_memstream (&text, &bytes);
  if (to == NULL)
    return gcg__error_write (error, GCG_NO_MEMORY, "out of memory for a report");
  enum gcg_status status = leak_write_text (report, &how, to, error);
  fclose (to);
  if (status == GCG_OK && to_log)
    status = write_log (jobs, process, text, bytes, error);
  else if (status == GCG_OK)
    fwrite (text, 1, bytes, stderr);
  free (text);
  return status;
}

static enum gcg_status
write_json (struct leak_jobs *jobs, const struct process *process,
            const struct gcg__leak_report *report, struct gcg_error *error)
{
  char *path = output_path (jobs, jobs->run->options.json, process->pid);
  enum gcg_status status
      = path == NULL ? gcg__error_write (error, GCG_NO_MEMORY, "out of memory for a report")
                     : leak_write_file (report, NULL, path, error);
  free (path);
  return status;
}

/* Saves the snapshot in FD. */
static enum gcg_status
write_snapshot (struct leak_jobs *jobs, const struct process *process, int fd,
                struct gcg_error *error)
{
  char *path = output_path (jobs, jobs->run->save, process->pid);
  enum gcg_status status
      = path == NULL ? gcg__error_write (error, GCG_NO_MEMORY, "out of memory to save a snapshot")
                     : gcg__save_copy (fd, path, error);
  free (path);
  return status;
}

/* One line about a check that has found nothing new, and about reports that are in files. */
static void
say_briefly (const struct leak_jobs *jobs, const struct process *process,
             const struct gcg__leak_report *report, const char *when)
{
  const struct gcg__totals *all = &report->leaked;
  const char *name = name_of (jobs, process, report->model->snapshot);
  if (all->objects == 0)
    say (jobs, "%s (%d), %s: %s", name, (int)process->pid, when,
         report->unseen != NULL ? "none of malloc\'s blocks leaked" : "no leaks");
  else
    say (jobs, "%s (%d), %s: leaked %s byte%s in %s block%s, %s of them new", name,
         (int)process->pid, when, gcg__word_count (all->bytes).text, all->bytes == 1 ? "" : "s",
         gcg__word_count (all->objects).text, all->objects == 1 ? "" : "s",
         gcg__word_count (report->fresh.objects).text);
}

/* Reports on MODEL; a CHECK reports only what is new. */
static enum gcg_status
report_model (struct leak_jobs *jobs, struct process *process, struct gcg__model *model, bool check,
              struct gcg_error *error)
{
  const struct leak_options *options = &jobs->run->options;
  const struct gcg__info *info = model->snapshot->info;
  struct gcg__leak_report *report;
  char when[80] = "at its end";
  if (check)
    snprintf (when, sizeof when, "check %u, %.1f s after its start", ++process->n_checks,
              (double)(info->monotonic_ns - info->program_start_ns) / 1e9);
  enum gcg_status status = gcg__leak_report_new (model, &options->rules, &options->baseline,
                                                 check ? &process->told : NULL, &report, error);
  if (status != GCG_OK)
    return status;
  jobs->result.leaks |= !check && report->fresh.objects > 0;
  bool silent = check && report->fresh.objects == 0;
  if (silent || (options->json != NULL && options->log == NULL))
    say_briefly (jobs, process, report, when);
  if (!silent && (options->json == NULL || options->log != NULL))
    status = write_text (jobs, process, report, when, error);
  if (status == GCG_OK && options->json != NULL)
    status = write_json (jobs, process, report, error);
  if (status == GCG_OK && check)
    status = gcg__told_set (&process->told, report->leaks, error);
  gcg__leak_report_free (report);
  return status;
}

static enum gcg_status
report_snapshot (struct leak_jobs *jobs, struct process *process, int fd, bool check,
                 struct gcg_error *error)
{
  struct gcg__snapshot *snapshot;
  struct gcg__model *model;
  enum gcg_status status = gcg__snapshot_open_fd (fd, "the program's snapshot", &snapshot, error);
  if (status != GCG_OK)
    return status;
  status = gcg__model_new (snapshot, &model, error);
  if (status != GCG_OK)
    {
      gcg__snapshot_close (snapshot);
      return status;
    }
  status = report_model (jobs, process, model, check, error);
  gcg__model_free (model);
  return status;
}

static void
do_job (struct leak_jobs *jobs, const struct job *job)
{
  struct gcg_error error;
  if (job->fd < 0)
    {
      say (jobs, "%s", job->text);
      return;
    }
  struct process *process = process_of (jobs, &job->who);
  if (process == NULL)
    {
      fail (jobs, "out of memory for a report");
      return;
    }
  if (jobs->run->save != NULL && write_snapshot (jobs, process, job->fd, &error) != GCG_OK)
    fail (jobs, error.text);
  if (report_snapshot (jobs, process, job->fd, (job->flags & GCG__FLAG_EXIT) == 0, &error)
      != GCG_OK)
    fail (jobs, error.text);
}

static void
free_job (struct job *job)
{
  if (job->fd >= 0)
    close (job->fd);
  free (job->text);
  free (job);
}

static void *
work (void *context)
{
  struct leak_jobs *jobs = context;
  for (;;)
    {
      pthread_mutex_lock (&jobs->lock);
      while (jobs->first == NULL && !jobs->closed)
        pthread_cond_wait (&jobs->changed, &jobs->lock);
      struct job *job = jobs->first;
      if (job != NULL && (jobs->first = job->next) == NULL)
        jobs->last = &jobs->first;
      pthread_mutex_unlock (&jobs->lock);
      if (job == NULL)
        break;
      do_job (jobs, job);
      free_job (job);
    }
  eventfd_write (jobs->done_fd, 1);
  return NULL;
}

enum gcg_status
leak_jobs_new (const struct leak_run *run, struct leak_jobs **result, struct gcg_error *error)
{
  struct leak_jobs *jobs = calloc (1, sizeof *jobs);
  int failure;
  if (jobs == NULL)
    return gcg__error_write (error, GCG_NO_MEMORY, "out of memory");
  jobs->run = run;
  jobs->last = &jobs->first;
  pthread_mutex_init (&jobs->lock, NULL);
  pthread_cond_init (&jobs->changed, NULL);
  jobs->done_fd = eventfd (0, EFD_CLOEXEC);
  failure = jobs->done_fd < 0 ? errno : pthread_create (&jobs->thread, NULL, work, jobs);
  if (failure == 0)
    {
      *result = jobs;
      return GCG_OK;
    }
  if (jobs->done_fd >= 0)
    close (jobs->done_fd);
  free (jobs);
  return gcg__error_write (error, GCG_SYSTEM, "cannot start a thread: %s", strerror (failure));
}

void
leak_jobs_set_pid (struct leak_jobs *jobs, pid_t pid)
{
  jobs->pid = pid;
}

/* Takes what JOB holds. */
static void
add (struct leak_jobs *jobs, struct job job)
{
  struct job *copy = malloc (sizeof *copy);
  if (copy == NULL)
    {
      if (job.fd >= 0)
        close (job.fd);
      free (job.text);
      return;
    }
  *copy = job;
  pthread_mutex_lock (&jobs->lock);
  *jobs->last = copy;
  jobs->last = &copy->next;
  pthread_cond_signal (&jobs->changed);
  pthread_mutex_unlock (&jobs->lock);
}

void
leak_jobs_report (struct leak_jobs *jobs, const struct watched *who, int fd, uint32_t flags)
{
  add (jobs, (struct job){ .who = *who, .fd = fd, .flags = flags });
}

void
leak_jobs_say (struct leak_jobs *jobs, const char *format, ...)
{
  struct job job = { .fd = -1 };
  va_list arguments;
  va_start (arguments, format);
  if (vasprintf (&job.text, format, arguments) >= 0)
    add (jobs, job);
  va_end (arguments);
}

bool
leak_jobs_waiting (struct leak_jobs *jobs)
{
  pthread_mutex_lock (&jobs->lock);
  bool waiting = jobs->first != NULL;
  pthread_mutex_unlock (&jobs->lock);
  return waiting;
}

void
leak_jobs_close (struct leak_jobs *jobs)
{
  pthread_mutex_lock (&jobs->lock);
  jobs->closed = true;
  pthread_cond_signal (&jobs->changed);
  pthread_mutex_unlock (&jobs->lock);
}

int
leak_jobs_done (const struct leak_jobs *jobs)
{
  return jobs->done_fd;
}

struct leak_result
leak_jobs_end (struct leak_jobs *jobs)
{
  struct leak_result result;
  leak_jobs_close (jobs);
  pthread_join (jobs->thread, NULL);
  result = jobs->result;
  for (struct process *process = jobs->processes, *next; process != NULL; process = next)
    {
      next = process->next;
      gcg__told_fini (&process->told);
      free (process->log);
      free (process);
    }
  close (jobs->done_fd);
  pthread_mutex_destroy (&jobs->lock);
  pthread_cond_destroy (&jobs->changed);
  free (jobs);
  return result;
}

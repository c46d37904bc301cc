/* sampled.c -- a program whose objects are counted, which obeys commands on its standard
 * input, a line each, and answers "done".
 *
 * Usage: sampled RECORDING PLUGIN [LATER]
 *
 * LATER: it does not begin to count by itself.
 *
 *   grow     nodes, named and plain blocks; some of them freed
 *   thread   a thread that allocates, frees what others have made, and ends
 *   churn    threads that are born, allocate and end, until the next command
 *   load, unload   the plugin, which allocates
 *   filter   a filter of system calls by which all but a few of them kill the process
 *   save     saves the recording that the program's own agent has made
 *   exec     becomes cat
 */
#include <gcglass/malloc.h>

#include <dlfcn.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MOST 20000

struct node
{
  struct node *next;
  char bytes[56];
};

static struct node *nodes;
static void *blocks[MOST];
static unsigned n_blocks;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static bool is_over;
static void *plugin;

static void
grow (void)
{
  for (int i = 0; i < 1000; i++)
    {
      struct node *new = malloc (sizeof (struct node));
      new->next = nodes;
      nodes = new;
    }
  for (int i = 0; i < 300; i++)
    {
      struct node *old = nodes;
      nodes = old->next;
      free (old);
    }
}

static void *
allocate (void *unused)
{
  (void)unused;
  pthread_mutex_lock (&mutex);
  for (unsigned i = 0; i < 50 && n_blocks < MOST; i++)
    blocks[n_blocks++] = i % 2 ? malloc (i * 100) : calloc (i, 4096);
  for (unsigned i = 0; i < 20; i++)
    {
      free (blocks[i]);
      blocks[i] = blocks[--n_blocks];
    }
  pthread_mutex_unlock (&mutex);
  return NULL;
}

static void
one_thread (void)
{
  pthread_t thread;
  if (pthread_create (&thread, NULL, allocate, NULL) == 0)
    pthread_join (thread, NULL);
}

static void *
churn (void *unused)
{
  while (!__atomic_load_n (&is_over, __ATOMIC_RELAXED))
    {
      one_thread ();
      void *block = malloc (1000);
      free (realloc (block, 100000));
      pthread_mutex_lock (&mutex);
      while (n_blocks > 100)
        free (blocks[--n_blocks]);
      pthread_mutex_unlock (&mutex);
    }
  return unused;
}

/* read, write and exit_group alone; whatever the agent did would end the process. */
static void
set_filter (void)
{
  struct sock_filter steps[] = { BPF_STMT (BPF_LD | BPF_W | BPF_ABS, 0),
                                 BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_read, 3, 0),
                                 BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 2, 0),
                                 BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 1, 0),
                                 BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
                                 BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
  struct sock_fprog filter = { sizeof steps / sizeof *steps, steps };
  prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

static void
obey (const char *command, char **argv)
{
  static pthread_t threads[3];
  bool churns = strcmp (command, "churn") == 0;
  if (churns)
    for (int i = 0; i < 3; i++)
      pthread_create (&threads[i], NULL, churn, NULL);
  else if (threads[0] != 0)
    {
      __atomic_store_n (&is_over, true, __ATOMIC_RELAXED);
      for (int i = 0; i < 3; i++)
        pthread_join (threads[i], NULL);
      threads[0] = 0;
    }
  if (strcmp (command, "grow") == 0)
    grow ();
  else if (strcmp (command, "thread") == 0)
    one_thread ();
  else if (strcmp (command, "load") == 0)
    {
      plugin = dlopen (argv[2], RTLD_NOW);
      void *(*make) (size_t) = plugin ? (void *(*)(size_t))dlsym (plugin, "make_block") : NULL;
      for (int i = 0; i < 7 && make; i++)
        blocks[n_blocks++] = make (48);
    }
  else if (strcmp (command, "unload") == 0)
    dlclose (plugin);
  else if (strcmp (command, "filter") == 0)
    set_filter ();
  else if (strcmp (command, "save") == 0)
    gcg_save_recording (argv[1], NULL);
  else if (strcmp (command, "exec") == 0)
    execlp ("cat", "cat", NULL);
}

int
main (int argc, char **argv)
{
  char command[64];
  ssize_t n;

  grow ();
  if (argc < 3 || (argc == 3 && gcg_sample ("begins", NULL) != GCG_OK)
      || write (1, "ready 0\n", 8) != 8)
    return 1;
  while ((n = read (0, command, sizeof command - 1)) > 1)
    {
      command[n - 1] = '\0';
      obey (command, argv);
      if (write (1, "done\n", 5) != 5)
        return 1;
    }
  return 0;
}

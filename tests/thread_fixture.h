/* thread_fixture.h -- what the parts of the fixture program of the tests of calls share. */
#ifndef GCG_TESTS_THREAD_FIXTURE_H
#define GCG_TESTS_THREAD_FIXTURE_H

struct node
{
  struct node *next;
  long value;
};

/* Calls SAVE; meanwhile it knows of a node by its value only. */
int hold_optimised (int (*save) (const char *, struct node *), const char *path, long *inside);

#endif

/* case_library.c -- a library that is loaded later: thread-local storage of 1 MiB, and data. */
extern void *held;
void *hold (void *block);

static _Thread_local struct
{
  char bytes[1 << 20];
  void *held;
} local;

void *held;

void *
hold (void *block)
{
  local.held = block;
  return local.bytes;
}

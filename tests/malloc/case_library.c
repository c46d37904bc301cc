/* case_library.c -- a library that is loaded later: thread-local storage of 1 MiB, and data, most
   of which nothing ever touches. */
extern void *held;
extern char untouched[1 << 16];
void *hold (void *block);

static _Thread_local struct
{
  char bytes[1 << 20];
  void *held;
} local;

void *held;
char untouched[1 << 16] = "so that its bytes are in the file";

void *
hold (void *block)
{
  local.held = block;
  return local.bytes;
}

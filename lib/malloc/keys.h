/* keys.h -- keys of thread-specific data that are not the program's are not to be among its own. */
#ifndef GCG_MALLOC_KEYS_H
#define GCG_MALLOC_KEYS_H

/* This thread is about to end: what the agent and the unwinder keep for it goes. */
void gcg__keys_leave (void);

#endif

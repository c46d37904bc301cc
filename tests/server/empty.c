/* empty.c -- a preload object that does nothing: fake_agent is the agent then. */
#include "config.h"

extern const int test_empty_preload;
const int test_empty_preload = 1;

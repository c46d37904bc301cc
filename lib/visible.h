/* visible.h -- what the program sees of the agent: all else is hidden from it. */
#ifndef GCG_VISIBLE_H
#define GCG_VISIBLE_H

#define API __attribute__ ((visibility ("default")))

#endif

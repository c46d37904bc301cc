/* routes.h -- every route of a server: how long the first answer takes, and those after it. */
#ifndef GCG_BENCH_ROUTES_H
#define GCG_BENCH_ROUTES_H

/* Asks the server at URL, whose heap is that of fifty.h with rings of struct ring as garbage, for
   each of its pages and their JSON, several times, and prints a line for each and the slowest. */
void routes_measure (const char *url);

#endif

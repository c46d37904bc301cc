/* change.h -- changes to a sound snapshot, as fuzz targets take them from their inputs. */
#ifndef GCG_TESTS_FUZZ_CHANGE_H
#define GCG_TESTS_FUZZ_CHANGE_H

#include <stddef.h>
#include <stdint.h>

#include "tests/columns.h"

/* Applies the changes in DATA, SIZE bytes, to COLUMNS: a list of struct change. */
void changes_apply (struct columns *columns, const uint8_t *data, size_t size);

/* The same to FILE, of BYTES: the file of changes_sound, whose checksums are then wrong. */
void changes_apply_to_file (uint8_t *file, uint64_t bytes, const uint8_t *data, size_t size);

/* The same to numbers anywhere among the N BYTES. */
void changes_apply_to_bytes (uint8_t *bytes, uint64_t n, const uint8_t *data, size_t size);

/* A snapshot with something in every section; made once, not to be freed. */
const struct gcg__snapshot *changes_sound (void);

#endif

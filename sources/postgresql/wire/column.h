/* A column of a batch as it grows, in Arrow's layout. */

#ifndef COLUMN_H
#define COLUMN_H

#include "bytes.h"

typedef enum {
  BOOL, INT2, INT4, INT8, FLOAT4, FLOAT8, TEXT, BYTEA, JSONB, UUID, DATE, TIME, TIMESTAMP, TIMESTAMPTZ,
  DECIMAL128, DECIMAL256, LIST
} Wire;

typedef struct Column {
  char *name;
  Wire wire;
  int precision, scale;      /* of a decimal */
  char format[24];           /* Arrow's word for the type */
  int64_t rows, nulls;
  Buffer valid;              /* a bit for each row; empty until the first NULL */
  Buffer data, offsets;
  int64_t *bytes;            /* of the batch, to which the texts of numbers are added */
  bool is_text;              /* a decimal one of whose values doesn't fit: texts in this batch */
  struct Column *item;       /* of a list */
  struct Column *dimensions; /* of a list: a column of how many each has; NULL: nobody asks */
} Column;

/* What came of a piece of the stream. */
typedef enum { GOOD, ENDED, NO_MEMORY, NOT_COPY, BAD_FORM } Outcome;

/* A value's bytes as its type's send function wrote them. */
Outcome add_value(Column *column, const uint8_t *bytes, size_t count);
Outcome add_null(Column *column);
bool has_offsets(const Column *column);

/* Make an empty column take its first value: a column with offsets begins with one. */
bool begin_column(Column *column);
void free_column(Column *column);

/* numeric.c */
void make_powers(void);
Outcome add_numeric(Column *column, const uint8_t *bytes, size_t count);

/* Arrow's offsets end at 2 GiB. */
static inline bool add_offset(Column *column, size_t end) {
  if (end > INT32_MAX) return false;
  int32_t offset = (int32_t)end;
  return add(&column->offsets, &offset, sizeof offset);
}

static inline bool is_valid(const Column *column, int64_t row) {
  return !column->nulls || (column->valid.at[row >> 3] >> (row & 7) & 1);
}

#endif

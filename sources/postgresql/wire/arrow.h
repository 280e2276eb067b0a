/* Arrow's C data interface: https://arrow.apache.org/docs/format/CDataInterface.html */

#ifndef ARROW_H
#define ARROW_H

#include "column.h"

struct ArrowSchema {
  const char *format, *name, *metadata;
  int64_t flags, n_children;
  struct ArrowSchema **children, *dictionary;
  void (*release)(struct ArrowSchema *);
  void *private_data;
};

struct ArrowArray {
  int64_t length, null_count, offset, n_buffers, n_children;
  const void **buffers;
  struct ArrowArray **children, *dictionary;
  void (*release)(struct ArrowArray *);
  void *private_data;
};

/* A batch of these columns, the dimensions of each list beside it; all are empty afterwards.
   False without memory. What was made until then is released by the caller, who owns both. */
bool give_batch(Column *columns, int count, int64_t rows, struct ArrowSchema *schema, struct ArrowArray *array);

#endif

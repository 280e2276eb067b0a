/* Columns handed over as Arrow's: their buffers change hands, nothing is copied. */

#include "arrow.h"

#define NULLABLE 2
#define MOST_WANTED ((size_t)16 << 20) /* of a column; a batch is to have less, one value may have more */

static void release_schema(struct ArrowSchema *schema) {
  for (int64_t i = 0; i < schema->n_children; i++) {
    if (schema->children[i] && schema->children[i]->release) schema->children[i]->release(schema->children[i]);
    free(schema->children[i]);
  }
  free(schema->children);
  free((void *)schema->format);
  free((void *)schema->name);
  schema->release = NULL;
}

static void release_array(struct ArrowArray *array) {
  for (int64_t i = 0; i < array->n_children; i++) {
    if (array->children[i] && array->children[i]->release) array->children[i]->release(array->children[i]);
    free(array->children[i]);
  }
  for (int64_t i = 0; i < array->n_buffers; i++) discard((void *)array->buffers[i]);
  free(array->children);
  free(array->buffers);
  array->release = NULL;
}

static char *copy_of(const char *text) {
  size_t size = strlen(text) + 1;
  char *copy = malloc(size);
  return copy ? memcpy(copy, text, size) : NULL;
}

static bool begin_schema(struct ArrowSchema *schema, const char *format, const char *name, int children) {
  *schema = (struct ArrowSchema){.release = release_schema, .flags = NULLABLE};
  schema->format = copy_of(format);
  schema->name = copy_of(name);
  schema->children = calloc((size_t)children + 1, sizeof *schema->children);
  if (!schema->format || !schema->name || !schema->children) return false;
  for (; schema->n_children < children; schema->n_children++)
    if (!(schema->children[schema->n_children] = calloc(1, sizeof **schema->children))) return false;
  return true;
}

static bool begin_array(struct ArrowArray *array, int64_t rows, int64_t nulls, int buffers, int children) {
  *array = (struct ArrowArray){.length = rows, .null_count = nulls, .release = release_array};
  array->buffers = calloc((size_t)buffers, sizeof *array->buffers);
  array->children = calloc((size_t)children + 1, sizeof *array->children);
  if (!array->buffers || !array->children) return false;
  array->n_buffers = buffers;
  for (; array->n_children < children; array->n_children++)
    if (!(array->children[array->n_children] = calloc(1, sizeof **array->children))) return false;
  return true;
}

/* A buffer's bytes, which are the taker's from now on; an empty one has an address, too. The
   next batch will need about as many. */
static bool take(Buffer *buffer, const void **to) {
  if (!has_room(buffer, 1)) return false;
  *to = buffer->at;
  *buffer = (Buffer){.wanted = buffer->used < MOST_WANTED ? buffer->used : 0};
  return true;
}

static bool give_column(Column *column, struct ArrowSchema *schema, struct ArrowArray *array) {
  bool is_list = column->wire == LIST;
  int buffers = has_offsets(column) && !is_list ? 3 : 2;
  if (!begin_schema(schema, column->is_text ? "u" : column->format, column->name, is_list)) return false;
  if (!begin_array(array, column->rows, column->nulls, buffers, is_list)) return false;
  if (column->nulls && !take(&column->valid, &array->buffers[0])) return false;
  if (has_offsets(column) && !take(&column->offsets, &array->buffers[1])) return false;
  if (!is_list && !take(&column->data, &array->buffers[buffers - 1])) return false;
  column->rows = column->nulls = 0;
  column->is_text = false;
  return !is_list || give_column(column->item, schema->children[0], array->children[0]);
}

bool give_batch(Column *columns, int count, int64_t rows, struct ArrowSchema *schema, struct ArrowArray *array) {
  int given = count, at = 0;
  for (int i = 0; i < count; i++) given += columns[i].dimensions != NULL;
  if (!begin_schema(schema, "+s", "", given)) return false;
  if (!begin_array(array, rows, 0, 1, given)) return false;
  for (int i = 0; i < count; i++) {
    Column *column = &columns[i], *beside = column->dimensions;
    if (!give_column(column, schema->children[at], array->children[at])) return false;
    at++;
    if (beside && !give_column(beside, schema->children[at], array->children[at])) return false;
    at += beside != NULL;
    if (!begin_column(column)) return false;
  }
  return true;
}

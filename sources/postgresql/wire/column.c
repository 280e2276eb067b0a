/* Values of PostgreSQL's wire, appended to columns. */

#include "column.h"

#define EPOCH_DAYS 10957u /* from 1970-01-01, Arrow's, to 2000-01-01, PostgreSQL's */
#define EPOCH_MICROS (EPOCH_DAYS * UINT64_C(86400000000))
#define BITS_AT_ONCE 512
#define LIST_HEAD 12
#define DIMENSION 8
#define MOST_DIMENSIONS 6
#define JSONB_VERSION 1 /* of what follows: its text */

bool has_offsets(const Column *column) {
  if (column->is_text) return true;
  switch (column->wire) {
    case TEXT: case BYTEA: case JSONB: case UUID: case LIST: return true;
    default: return false;
  }
}

bool begin_column(Column *column) {
  if (has_offsets(column) && !column->offsets.used && !add_offset(column, 0)) return false;
  return !column->item || begin_column(column->item);
}

void free_column(Column *column) {
  drop(&column->valid);
  drop(&column->data);
  drop(&column->offsets);
  free(column->name);
  if (column->item) free_column(column->item);
  if (column->dimensions) free_column(column->dimensions);
  free(column->item);
  free(column->dimensions);
}

static void set_bit(uint8_t *bits, int64_t row) { bits[row >> 3] |= (uint8_t)(1u << (row & 7)); }

static bool has_bit(Buffer *bits, int64_t row) {
  return (size_t)(row >> 3) < bits->used || add_zeros(bits, (size_t)(row >> 3) - bits->used + BITS_AT_ONCE);
}

static Outcome counted(Column *column, bool is_good) {
  if (!is_good) return NO_MEMORY;
  if (column->nulls) {
    if (!has_bit(&column->valid, column->rows)) return NO_MEMORY;
    set_bit(column->valid.at, column->rows);
  }
  column->rows++;
  return GOOD;
}

static bool add_null_value(Column *column) {
  if (has_offsets(column))
    return add_offset(column, column->wire == LIST ? (size_t)column->item->rows : column->data.used);
  switch (column->wire) {
    case BOOL: return has_bit(&column->data, column->rows);
    case DATE: return add_zeros(&column->data, 4);
    case DECIMAL128: return add_zeros(&column->data, 16);
    case DECIMAL256: return add_zeros(&column->data, 32);
    default: return add_zeros(&column->data, 8);
  }
}

static Outcome add64(Column *column, uint64_t value) {
  return counted(column, add(&column->data, &value, sizeof value));
}

Outcome add_null(Column *column) {
  if (column->dimensions && add64(column->dimensions, 0)) return NO_MEMORY;
  if (!add_null_value(column) || !has_bit(&column->valid, column->rows)) return NO_MEMORY;
  if (!column->nulls++)
    for (int64_t row = 0; row < column->rows; row++) set_bit(column->valid.at, row);
  column->rows++;
  return GOOD;
}

/* Values of all dimensions one after the other, and how many these are beside them. */
static Outcome add_list(Column *column, const uint8_t *bytes, size_t count) {
  if (count < LIST_HEAD) return BAD_FORM;
  uint32_t dimensions = big32(bytes);
  if (dimensions > MOST_DIMENSIONS || count < LIST_HEAD + DIMENSION * dimensions) return BAD_FORM;
  const uint8_t *end = bytes + count;
  uint64_t values = dimensions > 0;
  bytes += LIST_HEAD;
  for (uint32_t i = 0; i < dimensions; i++, bytes += DIMENSION) {
    values *= big32(bytes);
    if (values > count) return BAD_FORM;
  }
  for (uint64_t i = 0; i < values; i++) {
    if (end - bytes < 4) return BAD_FORM;
    int32_t size = (int32_t)big32(bytes);
    bytes += 4;
    if (size > end - bytes) return BAD_FORM;
    Outcome outcome = size < 0 ? add_null(column->item) : add_value(column->item, bytes, (size_t)size);
    if (outcome) return outcome;
    if (size > 0) bytes += size;
  }
  if (bytes != end) return BAD_FORM;
  if (column->dimensions && add64(column->dimensions, dimensions)) return NO_MEMORY;
  return counted(column, add_offset(column, (size_t)column->item->rows));
}

static Outcome add_bytes(Column *column, const void *bytes, size_t count) {
  if (!add(&column->data, bytes, count)) return NO_MEMORY;
  return counted(column, add_offset(column, column->data.used));
}

/* Eight hex digits, four, four, four and twelve, as PostgreSQL writes it. */
static Outcome add_uuid(Column *column, const uint8_t *bytes) {
  static const char DIGITS[] = "0123456789abcdef";
  char text[36];
  for (int i = 0, at = 0; i < 16; i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text[at++] = '-';
    text[at++] = DIGITS[bytes[i] >> 4];
    text[at++] = DIGITS[bytes[i] & 15];
  }
  return add_bytes(column, text, sizeof text);
}

static size_t width_of(Wire wire) {
  switch (wire) {
    case BOOL: return 1;
    case INT2: return 2;
    case INT4: case FLOAT4: case DATE: return 4;
    case INT8: case FLOAT8: case TIME: case TIMESTAMP: case TIMESTAMPTZ: return 8;
    case UUID: return 16;
    default: return 0;
  }
}

Outcome add_value(Column *column, const uint8_t *bytes, size_t count) {
  size_t width = width_of(column->wire);
  if (width && count != width) return BAD_FORM;
  switch (column->wire) {
    case BOOL:
      if (!has_bit(&column->data, column->rows)) return NO_MEMORY;
      if (*bytes) set_bit(column->data.at, column->rows);
      return counted(column, true);
    case INT2: return add64(column, (uint64_t)(int16_t)big16(bytes));
    case INT4: return add64(column, (uint64_t)(int32_t)big32(bytes));
    case INT8: case FLOAT8: case TIME: return add64(column, big64(bytes));
    case FLOAT4: {
      uint32_t bits = big32(bytes);
      float single;
      memcpy(&single, &bits, sizeof single);
      double value = single;
      return counted(column, add(&column->data, &value, sizeof value));
    }
    case DATE: { /* both infinities wrap around, out of all dates that a warehouse knows */
      uint32_t days = big32(bytes) + EPOCH_DAYS;
      return counted(column, add(&column->data, &days, sizeof days));
    }
    case TIMESTAMP: case TIMESTAMPTZ: return add64(column, big64(bytes) + EPOCH_MICROS);
    case TEXT: case BYTEA: return add_bytes(column, bytes, count);
    case JSONB: return count && *bytes == JSONB_VERSION ? add_bytes(column, bytes + 1, count - 1) : BAD_FORM;
    case UUID: return add_uuid(column, bytes);
    case DECIMAL128: case DECIMAL256: {
      Outcome outcome = add_numeric(column, bytes, count);
      return outcome ? outcome : counted(column, true);
    }
    case LIST: return add_list(column, bytes, count);
  }
  return NOT_COPY;
}

/* Texts of many decimals of 128 bits, as they lie in Arrow's buffers, as CAST writes them; see
casts.py.

One pass with the interpreter free.
*/

#include "decimal_texts.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "buffer.h"

#define UNITS 16     /* bytes of a decimal */
#define DIGITS 39    /* of 128 bits at most, and a scale has fewer */
#define LONGEST (DIGITS + 3) /* with a sign, a point and a zero before it */
#define CHUNK 19     /* digits that 64 bits hold, whatever they are */
#define CHUNK_POWER 10000000000000000000ULL

typedef unsigned __int128 Wide;

static char PAIRS[200];

/* The pairs of digits from 00 to 99. */
void make_pairs(void) {
  for (int i = 0; i < 100; i++) {
    PAIRS[2 * i] = (char)('0' + i / 10);
    PAIRS[2 * i + 1] = (char)('0' + i % 10);
  }
}

/* The digits before `end`; where they begin. */
static char *digits_before(char *end, uint64_t number) {
  for (; number >= 100; number /= 100) memcpy(end -= 2, PAIRS + number % 100 * 2, 2);
  if (number >= 10) return memcpy(end - 2, PAIRS + number * 2, 2);
  *--end = (char)('0' + number);
  return end;
}

static char *all_digits_before(char *end, Wide number) {
  while (number >> 64) {
    char *begin = digits_before(end, (uint64_t)(number % CHUNK_POWER));
    number /= CHUNK_POWER;
    end -= CHUNK;
    memset(end, '0', (size_t)(begin - end));
  }
  return digits_before(end, (uint64_t)number);
}

/* A number of units, of which `scale` digits stand behind the point; its length. */
static size_t write_decimal(char *to, const uint8_t *at, int scale) {
  char digits[LONGEST], *end = digits + LONGEST;
  Wide units;
  memcpy(&units, at, sizeof units);
  bool is_negative = units >> 127;
  char *first = all_digits_before(end, is_negative ? -units : units);
  while (end - first <= scale) *--first = '0';
  char *point = end - scale;
  while (end > point && end[-1] == '0') end--;
  size_t whole = (size_t)(point - first), places = (size_t)(end - point);
  char *begin = to;
  if (is_negative) *to++ = '-';
  memcpy(to, first, whole);
  to += whole;
  if (places) {
    *to++ = '.';
    memcpy(to, point, places);
    to += places;
  }
  return (size_t)(to - begin);
}

/* (offsets, bytes), as Arrow has them; they are given up. */
static PyObject *texts_of(Buffer *offsets, Buffer *texts, bool is_whole) {
  PyObject *pair = NULL;
  if (is_whole)
    pair = Py_BuildValue("(y#y#)", offsets->at, (Py_ssize_t)offsets->used, texts->at ? (char *)texts->at : "",
                         (Py_ssize_t)texts->used);
  else
    PyErr_SetString(PyExc_ValueError, "values that lie outside of their bytes, or too much text");
  drop(offsets);
  drop(texts);
  return pair;
}

static bool end_text(Buffer *offsets, const Buffer *texts) {
  int32_t end = (int32_t)texts->used;
  return texts->used <= INT32_MAX && add(offsets, &end, sizeof end);
}

/* decimals(units, first, count, scale) → the texts. */
PyObject *method_decimals(PyObject *Py_UNUSED(module), PyObject *args) {
  Py_buffer units;
  long long first, count;
  int scale;
  if (!PyArg_ParseTuple(args, "y*LLi", &units, &first, &count, &scale)) return NULL;
  Buffer offsets = {0}, texts = {0};
  long long last = (long long)(units.len / UNITS);
  bool inside = first >= 0 && count >= 0 && first <= last && count <= last - first;
  inside = inside && scale >= 0 && scale < DIGITS;
  Py_BEGIN_ALLOW_THREADS
  inside = inside && end_text(&offsets, &texts);
  for (long long row = first; inside && row < first + count; row++) {
    inside = has_room(&texts, LONGEST);
    if (!inside) break;
    texts.used += write_decimal((char *)texts.at + texts.used, (const uint8_t *)units.buf + row * UNITS, scale);
    inside = end_text(&offsets, &texts);
  }
  Py_END_ALLOW_THREADS
  PyBuffer_Release(&units);
  return texts_of(&offsets, &texts, inside);
}

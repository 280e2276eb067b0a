/* Elements as relaxed Extended JSON; what is left to the twin stays a hole in the text. */

#ifndef JSON_H
#define JSON_H

#include "bson.h"

typedef struct {
  Buffer text;
  Buffer offsets;              /* of int32: where each text starts, and the last one ends */
  Buffer types, starts, sizes; /* of the elements that are holes, in their order */
  Buffer names;                /* of the documents that are being written */
} Texts;

/* Write these elements; one that isn't written here is a hole, and so is the whole of an
   element in which a name stands twice or isn't UTF-8. */
Outcome write_texts(Texts *texts, Batch batch, const uint8_t *types, const int64_t *starts, const int64_t *sizes,
                    int64_t count);
void drop_texts(Texts *texts);

/* So many texts with holes, which end at `size` at the latest. */
typedef struct {
  const uint8_t *text;
  const int32_t *offsets;
  int64_t count, size;
} Holed;

/* Copy the texts with their holes filled; MALFORMED: there aren't as many as fillings. */
Outcome fill_holes(Buffer *to, int32_t *offsets, Holed from, const uint8_t *fillings, const int32_t *ends,
                   int64_t count);

#endif

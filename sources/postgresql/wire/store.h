/* Memory of batches that are gone, kept for those that come.

   A batch's columns are large: the C library takes the pages of each from the kernel, and gives
   them back with it. To have so many of them cleared and mapped anew takes as long as to decode.
*/

#ifndef STORE_H
#define STORE_H

#include <stddef.h>

/* As realloc and free, of any thread; sizes are powers of two. */
void *stored_resize(void *at, size_t room);
void stored_discard(void *at);

#define resize stored_resize
#define discard stored_discard

#endif

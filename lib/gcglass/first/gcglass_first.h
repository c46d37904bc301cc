/* gcglass_first.h -- tells <gcglass/malloc.h> that the headers of this folder come before the C
 * library's of the same names. */

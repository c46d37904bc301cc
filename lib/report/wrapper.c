/* wrapper.c -- see wrapper.h.
 *
 * Names are compared without template arguments and parameters: "T *x::make<T>(int)" is "x::make".
 * The first matching pattern of the table decides.  Functions of the C++ library have the type in
 * their template arguments: std::allocator<T>::allocate says more about the type than its caller
 * does, though less about the place.
 *
 * Cost: a comparison of one character for most patterns.
 */
#include <config.h>

#include "report/wrapper.h"

#include <string.h>

#include "report/suppress.h"

#define MAX_NAME 128u /* longer ones are compared as far as that */

/* Whole names; `*` stands for any characters. */
/* clang-format off */
static const char *const known[] = {
  /* C++ */
  "operator new", "operator new[]", "_Znw*", "_Zna*", "gc::operator new*",
  "gc_cleanup::operator new*", "GC_cpp*", "__libcpp_*", "std::__libcpp_*",
  "std::__1::__libcpp_*",
  /* The C library's, when they are not ours. */
  "malloc", "calloc", "realloc", "reallocarray", "memalign", "aligned_alloc", "posix_memalign",
  "valloc", "pvalloc", "__libc_*alloc*", "__libc_memalign", "__posix_memalign", "strdup",
  "strndup", "__strdup", "__strndup", "wcsdup", "asprintf", "vasprintf", "*__asprintf*",
  "*__vasprintf*", "getline", "getdelim", "__getline", "__getdelim", "_IO_getdelim", "realpath*",
  "__realpath*", "canonicalize_file_name", "getcwd", "__getcwd*", "get_current_dir_name",
  /* By custom: an x, an e or a z before the C library's names. */
  "xmalloc*", "xcalloc*", "xrealloc*", "xzalloc", "xalloc", "xpalloc", "xnalloc", "xnmalloc",
  "xnrealloc", "xcharalloc", "ximalloc", "xicalloc", "xizalloc", "xirealloc*", "x2realloc",
  "x2nrealloc", "xmemalign", "xaligned_alloc", "xposix_memalign", "xmemdup*", "ximemdup*",
  "xstrdup*", "xstrndup", "xasprintf", "xvasprintf", "xstrfmt", "xstrvfmt", "do_xmalloc",
  "emalloc", "ecalloc", "erealloc", "estrdup", "estrndup", "zmalloc*", "zcalloc*", "zrealloc*",
  "zstrdup", "ztrymalloc*", "ztrycalloc*", "ztryrealloc*",
  /* libgc */
  "GC_*alloc*", "GC_*dup", "GC_*memalign*",
  /* GLib and GObject */
  "g_malloc*", "g_try_malloc*", "g_realloc*", "g_try_realloc*", "g_aligned_alloc*", "g_strdup*",
  "g_strndup", "g_strnfill", "g_memdup*", "g_slice_*", "slab_allocator_*", "magazine_cache_*",
  "thread_memory_*", "allocator_memalign", "g_rc_box_alloc*", "g_atomic_rc_box_alloc*",
  "g_type_create_instance", "g_object_new*", "g_object_constructor",
  /* Python */
  "PyMem_*", "_PyMem_*", "PyObject_Malloc", "PyObject_Calloc", "PyObject_Realloc",
  "_PyObject_Malloc*", "_PyObject_Calloc*", "_PyObject_Realloc*", "PyObject_GC_*",
  "_PyObject_GC_*", "_PyObject_New*", "PyType_GenericAlloc", "PyType_GenericNew",
  "_PyType_AllocNoTrack", "pymalloc_*", "allocate_from_new_pool", "new_arena", "gc_alloc",
  /* Other libraries and languages */
  "Perl_safesys*", "Perl_savepv*", "ruby_x*alloc*", "ruby_strdup", "objspace_x*alloc*",
  "_emalloc*", "_ecalloc*", "_erealloc*", "_estrdup*", "_estrndup*", "_safe_*alloc*",
  "__zend_*alloc*", "Tcl_Alloc*", "Tcl_Realloc*", "TclpAlloc", "TclpRealloc", "l_alloc",
  "luaM_*", "luaC_newobj*", "caml_stat_*", "caml_alloc*", "__rust_*alloc*", "__rdl_*alloc*",
  "__rg_*alloc*", "alloc::alloc::*", "sqlite3*Malloc*", "sqlite3*Realloc*", "sqlite3*StrDup",
  "sqlite3*StrNDup", "sqlite3_malloc*", "sqlite3_realloc*", "dbMallocRawFinish",
  "mallocWithAlarm", "CRYPTO_*alloc*", "CRYPTO_*dup", "palloc*", "repalloc*", "pstrdup",
  "pnstrdup", "psprintf", "MemoryContextAlloc*", "MemoryContextStrdup", "AllocSet*",
  "pg_malloc*", "pg_realloc*", "pg_strdup", "apr_p*alloc*", "apr_pstrdup", "apr_pstrndup",
  "apr_pmemdup", "apr_allocator_alloc", "talloc_*", "_talloc_*", "__talloc*", "av_*alloc*",
  "av_strdup", "av_memdup", "xmlMalloc*", "xmlMem*", "xmlRealloc*", "xmlStr*dup", "SDL_*alloc*",
  "SDL_strdup*", "ngx_*alloc", "uv__*alloc*", "uv__str*dup",
};

static const char *const templates[] = {
  "std::*", "__gnu_cxx::*", "gc_allocator*", "traceable_allocator*",
};

static const char *const likely[] = {
  "*::operator new", "*::operator new[]", "alloc::raw_vec::*", "*malloc*", "*Malloc*",
  "*calloc*", "*Calloc*", "*realloc*", "*Realloc*", "*alloc", "*Alloc", "*alloc0", "*alloc_n",
  "alloc_*", "*_alloc_*", "*allocate", "*Allocate", "allocate_*", "*memalign*", "*strdup*",
  "*StrDup*", "*strndup*", "*memdup*", "*asprintf*",
};

/* clang-format on */

/* In order: the first pattern decides. */
static const struct
{
  const char *const *patterns;
  size_t n;
  enum gcg__wrapper kind;
} table[] = {
  { known, sizeof known / sizeof *known, GCG__WRAPPER_KNOWN },
  { templates, sizeof templates / sizeof *templates, GCG__WRAPPER_TEMPLATE },
  { likely, sizeof likely / sizeof *likely, GCG__WRAPPER_LIKELY },
};

/* Copies FUNCTION to NAME without arguments of templates, parameters and what it returns. */
static void
bare_name (const char *function, char name[MAX_NAME])
{
  size_t n = 0, begin = 0;
  unsigned depth = 0;
  bool is_operator = false;
  for (const char *at = function; *at != '\0' && n < MAX_NAME - 1; at++)
    {
      if (*at == '<' && !is_operator)
        depth++;
      else if (*at == '>' && depth > 0)
        depth--;
      else if (depth == 0 && *at == '(' && strncmp (at, "(anonymous", 10) != 0)
        break;
      else if (depth == 0)
        {
          if (*at == ' ' && !is_operator)
            begin = n + 1;
          name[n++] = *at;
          is_operator |= n - begin >= 8 && strncmp (&name[n - 8], "operator", 8) == 0;
        }
    }
  name[n] = '\0';
  if (begin < n)
    memmove (name, name + begin, n + 1 - begin);
}

enum gcg__wrapper
gcg__wrapper_kind (const char *function)
{
  char name[MAX_NAME];
  if (function[0] == '\0')
    return GCG__WRAPPER_NONE;
  bare_name (function, name);
  if (name[0] == '\0')
    return GCG__WRAPPER_NONE;
  for (size_t t = 0; t < sizeof table / sizeof *table; t++)
    for (size_t i = 0; i < table[t].n; i++)
      {
        const char *like = table[t].patterns[i];
        if ((like[0] == name[0] || like[0] == '*') && gcg__pattern_match (like, name, true))
          return table[t].kind;
      }
  return GCG__WRAPPER_NONE;
}

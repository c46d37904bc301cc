/* factor.c -- much arithmetic on small numbers that live briefly: a load like that of cfrac.
 *
 * Expands sqrt (N) into a continued fraction with its convergents modulo N, the inner loop of the
 * continued fraction method of factoring (Morrison and Brillhart, A method of factoring and the
 * factorization of F7, 1975).  Every sum, product and quotient is a newly allocated number; none
 * is freed, unless FREES is defined: that is the same program for malloc, which frees each when it
 * is done with.  1.1 million of them in a round.  Written for this bench.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gcglass/gc.h>

#include "examples/example.h"

enum
{
  TERMS = 60000
};

/* Natural, least significant digit first, no zero on top. */
struct number
{
  int length;
  uint32_t digits[];
};

static struct number *
number_new (int length)
{
  struct number *number = GC_MALLOC (sizeof (struct number) + (size_t)length * sizeof (uint32_t));
  number->length = length;
  return number;
}

/* NUMBER is not used any more. */
static void
done_with (struct number *number)
{
#ifdef FREES
  free (number);
#else
  (void)number;
#endif
}

static struct number *
trimmed (struct number *number)
{
  while (number->length && number->digits[number->length - 1] == 0)
    number->length--;
  return number;
}

static int
compare (const struct number *a, const struct number *b)
{
  if (a->length != b->length)
    return a->length < b->length ? -1 : 1;
  for (int i = a->length - 1; i >= 0; i--)
    if (a->digits[i] != b->digits[i])
      return a->digits[i] < b->digits[i] ? -1 : 1;
  return 0;
}

static struct number *
add (const struct number *a, const struct number *b)
{
  int length = (a->length > b->length ? a->length : b->length) + 1;
  struct number *sum = number_new (length);
  uint64_t carry = 0;
  for (int i = 0; i < length; i++)
    {
      carry += (i < a->length ? a->digits[i] : 0u);
      carry += (i < b->length ? b->digits[i] : 0u);
      sum->digits[i] = (uint32_t)carry;
      carry >>= 32;
    }
  return trimmed (sum);
}

/* A - B, which is not negative. */
static struct number *
subtract (const struct number *a, const struct number *b)
{
  struct number *difference = number_new (a->length);
  int64_t borrow = 0;
  for (int i = 0; i < a->length; i++)
    {
      borrow += (int64_t)a->digits[i] - (i < b->length ? b->digits[i] : 0u);
      difference->digits[i] = (uint32_t)borrow;
      borrow >>= 32;
    }
  return trimmed (difference);
}

static struct number *
multiply (const struct number *a, const struct number *b)
{
  struct number *product = number_new (a->length + b->length);
  memset (product->digits, 0, (size_t)product->length * sizeof *product->digits);
  for (int i = 0; i < a->length; i++)
    {
      uint64_t carry = 0;
      for (int j = 0; j < b->length; j++)
        {
          carry += (uint64_t)a->digits[i] * b->digits[j] + product->digits[i + j];
          product->digits[i + j] = (uint32_t)carry;
          carry >>= 32;
        }
      product->digits[i + b->length] = (uint32_t)carry;
    }
  return trimmed (product);
}

static struct number *
shifted (const struct number *a, int bits)
{
  struct number *result = number_new (a->length + 1);
  uint64_t carry = 0;
  for (int i = 0; i < a->length; i++)
    {
      carry |= (uint64_t)a->digits[i] << bits;
      result->digits[i] = (uint32_t)carry;
      carry >>= 32;
    }
  result->digits[a->length] = (uint32_t)carry;
  return result;
}

/* A / B with the remainder (Knuth, The Art of Computer Programming 2, 4.3.1, algorithm D). */
static struct number *
divide (const struct number *a, const struct number *b, struct number **remainder)
{
  if (compare (a, b) < 0)
    {
      *remainder = trimmed (shifted (a, 0));
      return number_new (0);
    }
  int shift = __builtin_clz (b->digits[b->length - 1]), n = b->length;
  struct number *u = shifted (a, shift), *v = shifted (b, shift);
  struct number *result = number_new (a->length - n + 1);
  for (int j = a->length - n; j >= 0; j--)
    {
      uint64_t top = (uint64_t)u->digits[j + n] << 32 | u->digits[j + n - 1];
      uint64_t digit = top / v->digits[n - 1], rest = top % v->digits[n - 1];
      while (digit >> 32
             || (n > 1 && digit * v->digits[n - 2] > (rest << 32 | u->digits[j + n - 2])))
        {
          digit--;
          rest += v->digits[n - 1];
          if (rest >> 32)
            break;
        }
      int64_t borrow = 0;
      uint64_t carry = 0;
      for (int i = 0; i <= n; i++)
        {
          carry += digit * (i < n ? v->digits[i] : 0u);
          borrow += (int64_t)u->digits[i + j] - (uint32_t)carry;
          u->digits[i + j] = (uint32_t)borrow;
          borrow >>= 32;
          carry >>= 32;
        }
      if (borrow < 0)
        {
          digit--;
          carry = 0;
          for (int i = 0; i <= n; i++)
            {
              carry += (uint64_t)u->digits[i + j] + (i < n ? v->digits[i] : 0u);
              u->digits[i + j] = (uint32_t)carry;
              carry >>= 32;
            }
        }
      result->digits[j] = (uint32_t)digit;
    }
  *remainder = number_new (n);
  for (int i = 0; i < n; i++)
    (*remainder)->digits[i]
        = (uint32_t)(((uint64_t)u->digits[i + 1] << 32 | u->digits[i]) >> shift);
  done_with (u);
  done_with (v);
  trimmed (*remainder);
  return trimmed (result);
}

/* A / B alone. */
static struct number *
quotient (const struct number *a, const struct number *b)
{
  struct number *remainder, *result = divide (a, b, &remainder);
  done_with (remainder);
  return result;
}

static struct number *
square_root (const struct number *n)
{
  struct number *x = trimmed (shifted (n, 0)), *two = number_new (1);
  two->digits[0] = 2;
  for (;;)
    {
      /* Newton: (x + n / x) / 2, as long as it falls. */
      struct number *other = quotient (n, x), *sum = add (x, other);
      struct number *next = quotient (sum, two);
      done_with (other);
      done_with (sum);
      if (compare (next, x) >= 0)
        {
          done_with (next);
          done_with (two);
          return x;
        }
      done_with (x);
      x = next;
    }
}

/* Where the expansion has come to: the complete quotient (root + m) / d with its whole part a, and
   the last two convergents modulo n. */
struct expansion
{
  struct number *n, *root, *m, *d, *a, *convergent, *before;
};

static void
expand (struct expansion *at)
{
  struct number *product = multiply (at->d, at->a), *m = subtract (product, at->m);
  struct number *square = multiply (m, m), *rest = subtract (at->n, square);
  struct number *d = quotient (rest, at->d), *sum = add (at->root, m), *a = quotient (sum, d);
  struct number *step = multiply (a, at->convergent), *next = add (step, at->before);
  struct number *remainder, *unused = divide (next, at->n, &remainder);
  struct number *old[]
      = { product, square, rest, sum, step, next, unused, at->m, at->d, at->a, at->before };

  for (size_t i = 0; i < sizeof old / sizeof *old; i++)
    done_with (old[i]);
  at->m = m;
  at->d = d;
  at->a = a;
  at->before = at->convergent;
  at->convergent = remainder;
}

int
main (int argc, char **argv)
{
  struct example example;
  example_begin (&example, argc, argv);
  static const uint32_t N[] = { 0x8a2e0371u, 0x3707344du, 0x13198a2fu, 0x243f6a89u, 1u };
  struct number *n = number_new (5);
  memcpy (n->digits, N, sizeof N);
  struct expansion at = { .n = n,
                          .root = square_root (n),
                          .m = number_new (0),
                          .d = number_new (1),
                          .before = number_new (1) };
  at.a = trimmed (shifted (at.root, 0));
  at.convergent = trimmed (shifted (at.root, 0));
  at.d->digits[0] = 1;
  at.before->digits[0] = 1;
  for (int i = 0; i < TERMS * example.rounds; i++)
    expand (&at);
  printf ("%d terms; the last convergent ends in %08x\n", TERMS * example.rounds,
          at.convergent->length ? at.convergent->digits[0] : 0);
  return example_end (&example, NULL);
}

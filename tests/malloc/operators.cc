// operators.cc -- what operators new and delete promise, printed: the same text under gcglass.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <vector>

struct alignas (256) wide
{
  char bytes[300];
};

static volatile size_t huge = SIZE_MAX / 2;

int
main ()
{
  int *one = new int (7), *many = new int[1000]();
  wide *aligned = new wide, *several = new wide[5];
  printf ("%d %d %d %d\n", *one, many[999], (int)((uintptr_t)aligned % 256),
          (int)((uintptr_t)several % 256));
  delete one;
  delete[] many;
  delete aligned;
  delete[] several;
  printf ("nothrow: %d\n", new (std::nothrow) char[huge] == nullptr);
  printf ("nothing: %d\n", operator new (0) != nullptr);
  try
    {
      printf ("%p\n", operator new (huge));
    }
  catch (const std::bad_alloc &error)
    {
      printf ("bad_alloc\n");
    }
  try
    {
      printf ("%p\n", operator new (huge, std::align_val_t (64)));
    }
  catch (const std::bad_alloc &error)
    {
      printf ("aligned bad_alloc\n");
    }
  std::vector<std::string> words;
  for (int i = 0; i < 1000; i++)
    words.push_back (std::string (static_cast<size_t> (i), 'x'));
  auto shared = std::make_shared<std::vector<int>> (100);
  std::thread ([shared] { shared->push_back (1); }).join ();
  printf ("%zu %zu\n", words.size (), shared->size ());
  return 6;
}

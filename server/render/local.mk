# gcglass-render, the only place with graphviz, and what starts it.
helper_PROGRAMS += %D%/gcglass-render
server_render_gcglass_render_SOURCES = %D%/render.c
server_render_gcglass_render_CPPFLAGS = $(AM_CPPFLAGS) $(GVC_CFLAGS)
server_render_gcglass_render_CFLAGS = $(AM_CFLAGS)
server_render_gcglass_render_LDADD = $(GVC_LIBS)

noinst_LTLIBRARIES += server/librenderer.la
server_librenderer_la_SOURCES = server/renderer.h server/renderer.c
server_librenderer_la_CPPFLAGS = $(AM_CPPFLAGS) -DGCGLASS_HELPERDIR='"$(helperdir)"'
server_librenderer_la_CFLAGS = $(AM_CFLAGS) $(SAN_CFLAGS)

# The recording: samples over time.  Its format is spoken by the agent, too.
EXTRA_DIST += %D%/format.h %D%/encode.h

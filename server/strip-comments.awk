# strip-comments.awk -- scripts and style sheets as they are sent: without the comments that have
# lines of their own.  A comment beside code stays, so that nothing has to be parsed.
inside { inside = !/\*\//; next }
/^ *\/\*/ && (!/\*\// || /\*\/ *$/) { inside = !/\*\//; next }
{ print }

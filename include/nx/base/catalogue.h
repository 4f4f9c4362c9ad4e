/*
 * catalogue.h - all codes with what is said about them, as JSON, for programs
 * and for the page (nginx/dashboard/catalogue.json and .js, made by the
 * program `catalogue`).
 */
#ifndef NX_BASE_CATALOGUE_H
#define NX_BASE_CATALOGUE_H

#include "nx/base/buf.h"
#include "nx/base/maxima.h"

/* Append it, one code a line.  Pure. */
void	nx_catalogue(struct nx_buf *out);

#endif

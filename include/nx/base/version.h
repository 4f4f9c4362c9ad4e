/* version.h - the version, as configure.ac states it. */
#ifndef NX_BASE_VERSION_H
#define NX_BASE_VERSION_H

#define NX_VERSION PACKAGE_VERSION

#endif

// SPDX-License-Identifier: MIT
/* XMP packets, cleaned in place. */
#include "fuzz.h"

#include "hide/metadata/metadata.h"

#include <stdlib.h>
#include <string.h>

static fov_status run(const void *data, size_t bytes, const char *name, fov_error *err)
{
    char      *packet = malloc(bytes ? bytes : 1);
    const bool location = bytes % 2;
    if (!packet) abort();
    if (bytes) memcpy(packet, data, bytes);
    const bool stays = fov_xmp_clean(packet, bytes, location);
    if (stays) assert_true(fov_xmp_clean(packet, bytes, location)); /* what stays is clean */
    free(packet);
    return stays ? FOV_OK : fov_fail(err, FOV_ERR_UNSUPPORTED, "%s: does not stay", name);
}

static void seeds(void)
{
    fuzz_seed_text(
        "<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta><rdf:Description exif:GPSLatitude='52,31N' "
        "dc:title=\"GPS\" photoshop:City=\"B > C\"><xmp:Thumbnails><rdf:Alt><xmp:Thumbnails/>deep</rdf:Alt></xmp:Thumbnails>"
        "<Iptc4xmpExt:LocationShown>there</Iptc4xmpExt:LocationShown><dc:subject>face</dc:subject>"
        "</rdf:Description></x:xmpmeta>");
    fuzz_seed_text("<a:b><!-- a comment --><![CDATA[ <xmp:Thumbnails> ]]>/9j/4AAQ</a:b>");
}

const fuzz_target fuzz_target_here = {
    .name = "xmp",
    .sources = "src/hide/metadata/xmp.c",
    .run = run,
    .max_bytes = 1 << 20,
    .more_bytes = 64,
    .seeds = seeds,
};

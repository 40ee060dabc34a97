"""From a photo of a signature or a seal to the strokes that are drawn on records. No database, no settings; OpenCV inside."""

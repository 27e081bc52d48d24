"""What comes in and what goes out: image files, DICOM, masks, contours, the Slicer scene's nodes; atomic writing."""

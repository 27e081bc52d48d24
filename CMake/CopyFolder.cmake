# Copies a folder as it is installed: cmake -DFROM=folder -DTO=parent -P CopyFolder.cmake
file(COPY ${FROM}
  DESTINATION ${TO}
  PATTERN "__pycache__" EXCLUDE
  PATTERN "papers" EXCLUDE
  )

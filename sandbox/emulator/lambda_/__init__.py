"""AWS Lambda: functions run as local processes under AWS's own runtime clients."""
